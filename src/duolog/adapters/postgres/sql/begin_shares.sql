-- $1: subscription, $2: generation, $3: version, $4: first buckets, $5: last buckets
-- A lease that is held keeps its token, so that its holder can go on.
INSERT INTO {schema}.checkpoints (
    subscription, generation, lo, hi, version, position, token, updated_at, changes, counted_after, counted, digest
)
SELECT $1, $2, part.lo, part.hi, $3, 0, coalesce(l.token, 0), (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, 0, 0, 0, 0
FROM unnest($4::integer[], $5::integer[]) AS part (lo, hi)
LEFT JOIN {schema}.leases AS l ON l.subscription = $1 AND l.generation = $2 AND l.lo = part.lo
