-- A keyed check value of the secret that this log's personal tags are hashed with; empty until the first start.
ALTER TABLE duolog_meta ADD COLUMN secret_check TEXT NOT NULL DEFAULT '';
