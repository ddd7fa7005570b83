SELECT value FROM {schema}.secret_check
