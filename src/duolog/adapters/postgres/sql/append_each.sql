-- The parameters of append_each in migrations/0009_append_each.sql, in their order.
SELECT * FROM {schema}.append_each($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
