-- $1: keys of streams, sorted; each is waited for in this order, and kept until the transaction ends
SELECT pg_advisory_xact_lock(1685417839, turn.key) FROM unnest($1::int[]) AS turn (key)
