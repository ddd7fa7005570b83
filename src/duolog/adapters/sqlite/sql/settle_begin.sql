-- Writes a page, whatever is stored; settle_end.sql takes it back in the same transaction.
INSERT INTO duolog_meta (log_id, schema_version) VALUES ('settling', 0)
