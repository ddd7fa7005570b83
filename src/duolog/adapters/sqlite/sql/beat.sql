INSERT INTO duolog_members (owner, subscription, version, expires_at)
VALUES (?, ?, ?, ?)
