-- $1: table. What numbers its rows, so that the next one follows those that were moved.
SELECT a.attname, pg_get_serial_sequence($1, a.attname) AS sequence FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
    AND pg_get_serial_sequence($1, a.attname) IS NOT NULL
