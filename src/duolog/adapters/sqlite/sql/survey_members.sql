SELECT owner, subscription, version FROM duolog_members WHERE expires_at > :now ORDER BY owner
