-- Runs statements of different texts in one round trip, in order. Frozen once released.
-- statements: texts in which CAST(($1)[n] AS type) stands for the n-th value; rows: for each run, the number of its
-- statement and its values as texts. It has the rights and the search path of whoever calls it.
CREATE FUNCTION {schema}.run_statements(statements text[], numbers integer[], rows json) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    step record;
BEGIN
    FOR step IN
        SELECT statements[number] AS sql, ARRAY(SELECT json_array_elements_text(row)) AS row_values
        FROM unnest(numbers) WITH ORDINALITY AS n (number, place)
        JOIN json_array_elements(rows) WITH ORDINALITY AS r (row, place) USING (place)
        ORDER BY place
    LOOP
        EXECUTE step.sql USING step.row_values;
    END LOOP;
END
$$;
