-- $1: ids
DELETE FROM {schema}.scheduled_commands WHERE id = ANY ($1::uuid[])
