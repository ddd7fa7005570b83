-- $1: subscriptions, $2: generations, $3: first buckets, $4: owners, $5: tokens, $6: microseconds
WITH clock AS (
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now
), own AS MATERIALIZED (
    SELECT held.subscription, held.generation, held.lo FROM {schema}.leases AS held, clock,
        unnest($1::text[], $2::integer[], $3::integer[], $4::text[], $5::bigint[])
        AS mine (subscription, generation, lo, owner, token)
    WHERE held.subscription = mine.subscription AND held.generation = mine.generation AND held.lo = mine.lo
        AND held.owner = mine.owner AND held.token = mine.token AND held.expires_at > clock.now
    ORDER BY held.subscription, held.generation, held.lo
    FOR UPDATE OF held
)
UPDATE {schema}.leases AS held SET expires_at = clock.now + $6::bigint
FROM own, clock
WHERE held.subscription = own.subscription AND held.generation = own.generation AND held.lo = own.lo
RETURNING held.subscription, held.generation, held.lo, held.expires_at
