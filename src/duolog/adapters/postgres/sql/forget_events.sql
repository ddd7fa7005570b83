WITH unsettled AS (UPDATE {schema}.horizon SET position = 0), untagged AS (DELETE FROM {schema}.event_tags),
    emptied AS (DELETE FROM {schema}.events)
SELECT setval('{schema}.positions', 1, false)
