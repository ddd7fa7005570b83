-- Whether the log was moved, or is on its way in: one row then, and none while it is in use. The door is open only
-- inside the transactions that receive, so that nobody else ever sees it open. Frozen once released.
CREATE TABLE {schema}.transfer (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    state TEXT NOT NULL,
    other TEXT NOT NULL,
    since BIGINT NOT NULL,
    door TEXT NOT NULL
);

-- Writers pass the gate, a lock that they share, from their first write to their end. Only a transfer takes it alone:
-- then nobody has written anything that is not committed, and nobody begins to. It is taken by triggers, which are
-- there during a transfer only, so that it costs nothing otherwise. 1685417838 spells "duon".
CREATE FUNCTION {schema}.pass_gate() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1685417838, hashtext('{schema}'));
    -- A statement of its own, which sees whether the log was closed while this one waited.
    IF EXISTS (SELECT FROM {schema}.transfer AS t WHERE t.door = 'shut') THEN
        RAISE EXCEPTION 'duolog: the log is closed' USING ERRCODE = 'DL001';
    END IF;
    RETURN NULL;
END
$$;

-- The name of a log that was received, and where: it is kept as long as the server is that one and on that timeline.
CREATE TABLE {schema}.received_name (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    name TEXT NOT NULL,
    incarnation TEXT NOT NULL
);
