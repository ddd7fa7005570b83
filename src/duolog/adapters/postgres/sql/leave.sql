-- $1: owner
DELETE FROM {schema}.members WHERE owner = $1
