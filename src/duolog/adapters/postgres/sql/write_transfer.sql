-- $1: state, $2: other
INSERT INTO {schema}.transfer (state, other, since, door)
VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, 'shut')
ON CONFLICT (only_row) DO UPDATE
SET state = excluded.state, other = excluded.other, since = excluded.since, door = excluded.door
