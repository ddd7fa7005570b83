INSERT INTO duolog_leases (subscription, owner, token, expires_at)
VALUES (:subscription, :owner, :token, :expires_at)
ON CONFLICT (subscription) DO UPDATE
SET owner = excluded.owner, token = excluded.token, expires_at = excluded.expires_at
