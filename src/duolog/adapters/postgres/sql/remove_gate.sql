DROP TRIGGER IF EXISTS duolog_gate ON {schema}.{table}
