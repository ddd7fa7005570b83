INSERT INTO duolog_meta (log_id, schema_version)
SELECT :log_id, 0 WHERE NOT EXISTS (SELECT 1 FROM duolog_meta)
