-- Waits for all who passed it.
SELECT pg_advisory_xact_lock(1685417838, hashtext('{schema}'))
