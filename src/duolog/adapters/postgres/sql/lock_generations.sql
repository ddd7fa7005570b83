-- $1: subscription
SELECT subscription, number, version, role, since, tables FROM {schema}.generations
WHERE subscription = $1
ORDER BY number FOR UPDATE
