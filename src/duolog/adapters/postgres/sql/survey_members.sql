SELECT owner, subscription, version FROM {schema}.members
WHERE expires_at > (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
ORDER BY owner
