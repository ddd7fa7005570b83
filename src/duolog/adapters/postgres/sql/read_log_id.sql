SELECT m.log_id::text FROM {schema}.meta AS m
