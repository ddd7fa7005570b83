-- $1: subscription, $2: by whom
INSERT INTO {schema}.pauses (subscription, paused_by, since)
VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
ON CONFLICT (subscription) DO NOTHING
