DELETE FROM duolog_members WHERE expires_at <= :now
