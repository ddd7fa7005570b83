-- Runs as a statement of somebody's transaction, so that its parameters are names.
DELETE FROM {schema}.scheduled_commands WHERE id = CAST(:id AS UUID) AND tenant = CAST(:tenant AS TEXT)
