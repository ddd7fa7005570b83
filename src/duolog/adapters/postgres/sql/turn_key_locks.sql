-- Lets locks go and tries others, none of which is waited for. $1: locks to try; $2: locks of this session to let go.
SELECT (SELECT count(pg_advisory_unlock(past.lock)) FROM unnest($2::bigint[]) AS past (lock)) AS let_go,
       ARRAY(
           SELECT pg_try_advisory_lock(next.lock)
           FROM unnest($1::bigint[]) WITH ORDINALITY AS next (lock, nth)
           ORDER BY next.nth
       ) AS got
