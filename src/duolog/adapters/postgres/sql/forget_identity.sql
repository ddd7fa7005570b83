WITH unnamed AS (DELETE FROM {schema}.received_name), unkeyed AS (DELETE FROM {schema}.secret_check)
UPDATE {schema}.meta SET log_id = gen_random_uuid()
