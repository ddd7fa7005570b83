INSERT INTO duolog_generations (subscription, number, version, role, since, tables)
VALUES (:subscription, :number, :version, :role, :since, :tables)
ON CONFLICT (subscription, number) DO UPDATE
SET version = excluded.version, role = excluded.role, since = excluded.since, tables = excluded.tables
