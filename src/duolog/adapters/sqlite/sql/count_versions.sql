-- How many of the given versions of streams exist.
SELECT count(*) FROM (VALUES {versions}) AS expected
JOIN duolog_events AS e
    ON e.tenant = expected.column1 AND e.stream = expected.column2 AND e.version = expected.column3
