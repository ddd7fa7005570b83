-- $1: subscription, $2: number, $3: names of tables
UPDATE {schema}.generations SET tables = $3 WHERE subscription = $1 AND number = $2
