-- $1: the schema of duolog's tables
SELECT pg_advisory_xact_lock(hashtextextended('duolog tables: ' || $1, 0))
