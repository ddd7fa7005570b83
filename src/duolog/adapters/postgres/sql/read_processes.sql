-- $1: process, $2: tenants, $3: keys
SELECT stored.tenant, stored.key, stamp, version, state, deadlines
FROM unnest($2::text[], $3::text[]) AS wanted(tenant, key)
JOIN {schema}.process_states AS stored ON stored.process = $1 AND stored.tenant = wanted.tenant AND stored.key = wanted.key
