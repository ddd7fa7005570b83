-- Brings a log back to where its migrations left it: sessions end, what they did not make is dropped, their tables are
-- emptied but for those that they filled and that stay as they are, and the log gets another identity.
SET client_min_messages = warning;
SET lock_timeout = '20s';

DO $$
DECLARE
    name text;
    filled text := '';
BEGIN
    -- Until they are gone: somebody between, such as PgBouncer, has been told then, and gives none of them to the next.
    FOR turn IN 1..20000 LOOP
        PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
        EXIT WHEN NOT FOUND;
        PERFORM pg_sleep(0.001), pg_stat_clear_snapshot();
    END LOOP;
    FOR name IN
        SELECT format('%I', nspname) FROM pg_namespace
        WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'duolog')
    LOOP
        EXECUTE 'DROP SCHEMA ' || name || ' CASCADE';
    END LOOP;
    FOR name IN
        SELECT c.oid::regclass FROM pg_class AS c
        WHERE c.relnamespace = 'duolog'::regnamespace AND c.relkind IN ('r', 'p') AND pg_relation_size(c.oid) > 0
            AND c.relname NOT IN ('migrations', 'meta', 'horizon')
    LOOP
        filled := concat_ws(', ', nullif(filled, ''), name);
    END LOOP;
    IF filled <> '' THEN
        EXECUTE 'TRUNCATE ' || filled;
    END IF;
    PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence;
END
$$;

-- As the server's own template has it.
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;

UPDATE duolog.meta SET log_id = gen_random_uuid();
UPDATE duolog.horizon SET position = 0 WHERE position <> 0;
