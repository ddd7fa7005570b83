INSERT INTO duolog_leases (subscription, generation, lo, hi, owner, token, expires_at)
VALUES (:subscription, :generation, :lo, :hi, :owner, :token, :expires_at)
ON CONFLICT (subscription, generation, lo) DO UPDATE
SET hi = excluded.hi, owner = excluded.owner, token = excluded.token, expires_at = excluded.expires_at
