-- Runs as a statement of somebody's transaction, so that its parameters are names; CAST, since `::` could be one.
INSERT INTO {schema}.scheduled_commands (
    id, tenant, command, version, payload, metadata, key, scheduled_at, due_at, next_at, state, owner, attempts, error, traceback
)
SELECT CAST(:id AS UUID), CAST(:tenant AS TEXT), CAST(:command AS TEXT), CAST(:version AS INTEGER), CAST(:payload AS TEXT),
    CAST(:metadata AS TEXT), CAST(:key AS TEXT), clock.now, due.due_at, due.due_at, 'waiting', '', 0, '', ''
FROM (SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) AS now) AS clock,
    LATERAL (SELECT coalesce(CAST(:at AS BIGINT), clock.now + CAST(:after AS BIGINT)) AS due_at) AS due
ON CONFLICT (id) DO NOTHING
