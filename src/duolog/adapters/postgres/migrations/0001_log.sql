-- The log, and the functions that are its only writers. Frozen once released: a change is a new file.
-- The proof that nobody who reads below the horizon misses an event: docs/explanation/the-fence.md.

-- The log's identity. With the server's system identifier and timeline it names one incarnation of the log.
CREATE TABLE {schema}.meta (
    log_id uuid NOT NULL
);

INSERT INTO {schema}.meta (log_id) VALUES (gen_random_uuid());

-- A cache would hide drawn positions from last_value, and a cycle would fill positions below the horizon.
CREATE SEQUENCE {schema}.positions AS bigint INCREMENT BY 1 MINVALUE 1 START WITH 1 CACHE 1 NO CYCLE;

-- Texts are compared byte by byte: faster, and no upgrade of a collation can break an index.
CREATE TABLE {schema}.events (
    position bigint CONSTRAINT events_position PRIMARY KEY,
    recorded_at bigint NOT NULL,
    event_id uuid NOT NULL CONSTRAINT events_event_id UNIQUE,
    version integer NOT NULL,
    schema_version integer NOT NULL,
    partition smallint NOT NULL,
    tenant text COLLATE "C" NOT NULL DEFAULT '',
    stream text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    tags text[] COLLATE "C" NOT NULL,
    data json NOT NULL,
    metadata json NOT NULL,
    CONSTRAINT events_stream_version UNIQUE (tenant, stream, version)
);

ALTER SEQUENCE {schema}.positions OWNED BY {schema}.events.position;

CREATE INDEX events_type ON {schema}.events (type, position);

CREATE TABLE {schema}.event_tags (
    tenant text COLLATE "C" NOT NULL,
    tag text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    CONSTRAINT event_tags_key PRIMARY KEY (tenant, tag, position)
);

-- A position below which everything is settled; only ever raised, and allowed to be old.
CREATE TABLE {schema}.horizon (
    is_only boolean CONSTRAINT horizon_one_row PRIMARY KEY DEFAULT true CHECK (is_only),
    position bigint NOT NULL
) WITH (fillfactor = 10);

INSERT INTO {schema}.horizon (position) VALUES (0);

-- --- the fence ---------------------------------------------------------------------------------------------

-- Whoever draws positions holds this lock, shared, from before the draw until after its commit is visible.
-- It is never taken exclusively, so nobody waits for it. 1685417836 spells "duol".
CREATE FUNCTION {schema}.take_fence() RETURNS void LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock_shared(1685417836, hashtext('{schema}'))
$$;

CREATE FUNCTION {schema}.draw_positions(many integer) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN ARRAY(SELECT nextval('{schema}.positions') FROM generate_series(1, many));
END
$$;

-- The last position that was drawn, committed or not. No snapshot hides it: a sequence is outside of transactions.
CREATE FUNCTION {schema}.last_drawn() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {schema}.positions);
END
$$;

-- The transactions, open or prepared, that may hold drawn positions. A prepared one keeps its virtual transaction id,
-- but has no process any more, so it must not be looked for by pid.
CREATE FUNCTION {schema}.fence_holders() RETURNS text[] LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN ARRAY(
        SELECT l.virtualtransaction
        FROM pg_catalog.pg_locks AS l
        WHERE l.locktype = 'advisory' AND l.objsubid = 2
            AND l.classid = 1685417836::oid AND l.objid = hashtext('{schema}')::oid
            AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
    );
END
$$;

-- What is visible: the greatest position, and, if it is wanted, where the unbroken run of positions above `known` ends.
CREATE FUNCTION {schema}.visible(
    known bigint, with_run boolean, OUT top bigint, OUT run bigint
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    SELECT coalesce(max(e.position), 0) INTO top FROM {schema}.events AS e;
    run := known;
    IF with_run AND top > known THEN
        SELECT coalesce(max(v.position), known) INTO run
        FROM (
            SELECT e.position, row_number() OVER (ORDER BY e.position) AS nth
            FROM (
                SELECT w.position FROM {schema}.events AS w WHERE w.position > known ORDER BY w.position LIMIT 1000
            ) AS e
        ) AS v
        WHERE v.position = known + v.nth;
    END IF;
END
$$;

-- One look at the fence: the last drawn position first, then who is inside, then what is visible. The order is the
-- proof. `run` ends the unbroken run of visible positions above `known`, which must be settled. `era` changes with
-- every crash (it ends with a checkpoint), after which virtual transaction ids of before mean nothing.
CREATE FUNCTION {schema}.look_at_fence(
    known bigint, OUT drawn bigint, OUT holders text[], OUT top bigint, OUT run bigint, OUT era text, OUT timeline text
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    drawn := {schema}.last_drawn();
    holders := {schema}.fence_holders();
    SELECT v.top, v.run INTO top, run FROM {schema}.visible(known, holders <> '{}') AS v;
    timeline := substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8);
    era := timeline || ' ' || (SELECT c.checkpoint_lsn FROM pg_catalog.pg_control_checkpoint() AS c);
END
$$;

-- Raises the stored horizon. Losing this in a crash loses nothing, so it does not wait for the disk, and if somebody
-- else is doing it, not for him either.
CREATE FUNCTION {schema}.raise_horizon(settled bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE {schema}.horizon SET position = settled
    WHERE is_only = (SELECT h.is_only FROM {schema}.horizon AS h WHERE h.position < settled FOR UPDATE SKIP LOCKED);
END
$$;

-- --- appending ---------------------------------------------------------------------------------------------

-- The first matching event above a horizon that is not among those seen; null if there is none.
CREATE FUNCTION {schema}.first_unseen(
    of_tenant text, horizon bigint, seen bigint[], of_types text[], of_tags text[]
) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    found bigint;
BEGIN
    IF of_tags = '{}' THEN
        SELECT min(e.position) INTO found
        FROM {schema}.events AS e
        WHERE e.position > horizon AND e.tenant = of_tenant AND NOT e.position = ANY (seen)
            AND (of_types = '{}' OR e.type = ANY (of_types));
    ELSE
        SELECT min(t.position) INTO found
        FROM {schema}.event_tags AS t
        WHERE t.tenant = of_tenant AND t.tag = of_tags[1] AND t.position > horizon AND NOT t.position = ANY (seen)
            AND (
                of_types = '{}' AND cardinality(of_tags) = 1
                OR EXISTS (
                    SELECT FROM {schema}.events AS e
                    WHERE e.position = t.position AND e.tags @> of_tags
                        AND (of_types = '{}' OR e.type = ANY (of_types))
                )
            );
    END IF;
    RETURN found;
END
$$;

-- Appends one event: {its position, its version}, or {0, the stream's version} if it is not recorded.
-- `expected`: the stream's version, -1 for any, -2 for a stream that exists.
CREATE FUNCTION {schema}.append_one(
    to_tenant text, to_stream text, expected integer, id uuid, of_type text, of_schema_version integer,
    with_tags text[], in_partition smallint, with_data json, with_metadata json, shared_keys integer[]
) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    lock_key integer;
    head integer := 0;
    at bigint;
BEGIN
    PERFORM {schema}.take_fence();
    FOREACH lock_key IN ARRAY shared_keys LOOP
        PERFORM pg_advisory_xact_lock_shared(1685417837, lock_key);
    END LOOP;
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    -- A stream that must not exist needs no look: its version 1 is unique.
    IF expected <> 0 THEN
        SELECT e.version INTO head FROM {schema}.events AS e
        WHERE e.tenant = to_tenant AND e.stream = to_stream ORDER BY e.version DESC LIMIT 1;
        head := coalesce(head, 0);
    END IF;
    IF expected = head OR expected = -1 OR expected = -2 AND head > 0 THEN
        INSERT INTO {schema}.events (
            position, recorded_at, event_id, version, schema_version, partition, tenant, stream, type, tags, data,
            metadata
        ) VALUES (
            nextval('{schema}.positions'), (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, id, head + 1,
            of_schema_version, in_partition, to_tenant, to_stream, of_type, with_tags, with_data, with_metadata
        ) ON CONFLICT DO NOTHING RETURNING position INTO at;
        IF at IS NOT NULL THEN
            IF with_tags <> '{}' THEN
                INSERT INTO {schema}.event_tags (tenant, tag, position)
                SELECT DISTINCT to_tenant, t.tag, at FROM unnest(with_tags) AS t (tag);
            END IF;
            RETURN ARRAY[at, head + 1];
        END IF;
    END IF;
    -- In a new statement, so that it sees whoever came first.
    SELECT e.version INTO head FROM {schema}.events AS e
    WHERE e.tenant = to_tenant AND e.stream = to_stream ORDER BY e.version DESC LIMIT 1;
    RETURN ARRAY[0, coalesce(head, 0)];
END
$$;

-- Appends a batch of commits in one transaction, each wholly or not at all, and tells for each what became of it.
--
-- Commits are numbered from 1. No stream, event id or idempotency key stands in two commits of a batch.
--   l_*: locks of boundaries, sorted by key, each key once.
--   s_*: the streams of each commit. `s_expected`: the stream's version, -1 any, -2 it exists, -3 cannot be met.
--   e_*: events, sorted by tenant and stream in byte order, then by version: rows are locked in this one order.
--        `e_place` is the stream's index, `e_number` counts within it, `e_arrival` is the order of positions.
--   c_*: one row an item of a condition; lists are array texts.
--   k_*: idempotency keys, sorted; `k_first`, `k_last` are the arrivals of the commit's first and last event.
--   n_*: snapshots.
-- `outcomes`: by commit 0 recorded, 1 refused (an expected version or an event id), 2 a condition does not hold,
-- 3 the idempotency key is taken. `heads`: by stream, its version before (refused: now). `places`: by arrival, the
-- position. `unseen`: by commit, the event that broke a condition.
CREATE FUNCTION {schema}.append_batch(
    commits integer,
    l_key integer[], l_is_exclusive boolean[], l_patience text,
    s_commit integer[], s_tenant text[], s_stream text[], s_expected integer[], s_partition integer[], s_count integer[],
    e_commit integer[], e_place integer[], e_number integer[], e_arrival integer[], e_tenant text[], e_stream text[],
    e_id uuid[], e_type text[], e_schema_version integer[], e_tags text[], e_partition smallint[], e_data json[],
    e_metadata json[],
    c_commit integer[], c_tenant text[], c_horizon bigint[], c_seen text[], c_types text[], c_tags text[],
    k_commit integer[], k_tenant text[], k_actor text[], k_operation text[], k_key text[], k_fingerprint bytea[],
    k_result bytea[], k_first integer[], k_last integer[],
    n_commit integer[], n_tenant text[], n_stream text[], n_version integer[], n_type text[],
    n_schema_version integer[], n_data bytea[],
    OUT outcomes integer[], OUT heads integer[], OUT places bigint[], OUT unseen bigint[]
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    now bigint;
    patience text;
    broken integer[];
    nth integer;
    wanted integer;
    inserted integer;
    item record;
    found bigint;
BEGIN
    -- 1. The fence, on every call and before anything is drawn: a roll-back to a savepoint releases it again.
    PERFORM {schema}.take_fence();
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    outcomes := array_fill(0, ARRAY[commits]);
    unseen := array_fill(0::bigint, ARRAY[commits]);

    -- 2. Boundaries, in one order. Only who takes one exclusively gives up early.
    IF cardinality(c_commit) > 0 THEN
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            RAISE EXCEPTION 'a condition needs READ COMMITTED: it must see what was committed before its locks'
                USING ERRCODE = 'feature_not_supported';
        END IF;
        patience := current_setting('lock_timeout');
        PERFORM set_config('lock_timeout', l_patience, true);
    END IF;
    FOR nth IN 1 .. cardinality(l_key) LOOP
        IF l_is_exclusive[nth] THEN
            PERFORM pg_advisory_xact_lock(1685417837, l_key[nth]);
        ELSE
            PERFORM pg_advisory_xact_lock_shared(1685417837, l_key[nth]);
        END IF;
    END LOOP;
    IF patience IS NOT NULL THEN
        PERFORM set_config('lock_timeout', patience, true);
    END IF;

    -- 3. In new statements, which see whoever held the locks before: keys, heads and conditions.
    IF cardinality(k_commit) > 0 THEN
        FOR nth IN
            SELECT k.commit
            FROM unnest(k_commit, k_tenant, k_actor, k_operation, k_key) AS k (commit, tenant, actor, operation, key)
            JOIN {schema}.idempotency AS i
                ON (i.tenant, i.actor, i.operation, i.key) = (k.tenant, k.actor, k.operation, k.key)
        LOOP
            outcomes[nth] := 3;
        END LOOP;
    END IF;
    heads := ARRAY(
        SELECT coalesce(
            (
                SELECT e.version FROM {schema}.events AS e
                WHERE e.tenant = s.tenant AND e.stream = s.stream ORDER BY e.version DESC LIMIT 1
            ), 0
        )
        FROM unnest(s_tenant, s_stream) WITH ORDINALITY AS s (tenant, stream, place)
        ORDER BY s.place
    );
    FOR nth IN
        SELECT s.commit
        FROM unnest(s_commit, s_expected, heads) AS s (commit, expected, head)
        WHERE NOT (s.expected = s.head OR s.expected = -1 OR s.expected = -2 AND s.head > 0)
    LOOP
        outcomes[nth] := greatest(outcomes[nth], 1);
    END LOOP;
    FOR item IN
        SELECT c.commit, c.tenant, c.horizon, c.seen::bigint[] AS seen, c.types::text[] AS types, c.tags::text[] AS tags
        FROM unnest(c_commit, c_tenant, c_horizon, c_seen, c_types, c_tags)
            AS c (commit, tenant, horizon, seen, types, tags)
    LOOP
        found := {schema}.first_unseen(item.tenant, item.horizon, item.seen, item.types, item.tags);
        IF found IS NOT NULL THEN
            outcomes[item.commit] := greatest(outcomes[item.commit], 2);
            unseen[item.commit] := least(found, nullif(unseen[item.commit], 0));
        END IF;
    END LOOP;

    -- 4. Positions in the order of arrival, rows in the order of streams.
    places := {schema}.draw_positions(cardinality(e_id));
    now := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    INSERT INTO {schema}.events (
        position, recorded_at, event_id, version, schema_version, partition, tenant, stream, type, tags, data, metadata
    )
    SELECT
        places[e.arrival], now, e.id, heads[e.place] + e.number, e.schema_version, e.partition, e.tenant, e.stream,
        e.type, e.tags::text[], e.data, e.metadata
    FROM unnest(
        e_commit, e_place, e_number, e_arrival, e_tenant, e_stream, e_id, e_type, e_schema_version, e_tags,
        e_partition, e_data, e_metadata
    ) AS e (
        commit, place, number, arrival, tenant, stream, id, type, schema_version, tags, partition, data, metadata
    )
    WHERE outcomes[e.commit] = 0
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;

    -- 5. Who lost a race loses all its rows; whoever came first is seen by a new statement.
    wanted := cardinality(e_id);
    IF inserted < wanted AND 0 < ANY (outcomes) THEN
        SELECT count(*) INTO wanted FROM unnest(e_commit) AS e (commit) WHERE outcomes[e.commit] = 0;
    END IF;
    IF inserted < wanted THEN
        broken := ARRAY(
            SELECT DISTINCT e.commit
            FROM unnest(e_commit, e_arrival) AS e (commit, arrival)
            WHERE outcomes[e.commit] = 0
                AND NOT EXISTS (SELECT FROM {schema}.events AS w WHERE w.position = places[e.arrival])
        );
        FOREACH nth IN ARRAY broken LOOP
            outcomes[nth] := 1;
        END LOOP;
        DELETE FROM {schema}.events AS w
        USING unnest(e_commit, e_arrival) AS e (commit, arrival)
        WHERE e.commit = ANY (broken) AND w.position = places[e.arrival];
    END IF;

    -- 6. What goes with the events of those that are left.
    IF cardinality(k_commit) > 0 THEN
        WITH taken AS (
            INSERT INTO {schema}.idempotency (
                tenant, actor, operation, key, fingerprint, result, outcome, recorded_at
            )
            SELECT
                k.tenant, k.actor, k.operation, k.key, k.fingerprint, k.result,
                json_build_object(
                    'first_position', coalesce(places[k.first], 0), 'position', coalesce(places[k.last], 0),
                    'versions', coalesce(
                        (
                            SELECT json_object_agg(s.stream, heads[s.place] + s.count)
                            FROM unnest(s_commit, s_stream, s_count)
                                WITH ORDINALITY AS s (commit, stream, count, place)
                            WHERE s.commit = k.commit
                        ), '{}'
                    ),
                    'partitions', coalesce(
                        (
                            SELECT json_agg(DISTINCT s.partition)
                            FROM unnest(s_commit, s_partition) AS s (commit, partition) WHERE s.commit = k.commit
                        ), '[]'
                    )
                )::text,
                now
            FROM unnest(
                k_commit, k_tenant, k_actor, k_operation, k_key, k_fingerprint, k_result, k_first, k_last
            ) AS k (commit, tenant, actor, operation, key, fingerprint, result, first, last)
            WHERE outcomes[k.commit] = 0
            ON CONFLICT DO NOTHING
            RETURNING tenant, actor, operation, key
        )
        SELECT coalesce(array_agg(k.commit), '{}') INTO broken
        FROM unnest(k_commit, k_tenant, k_actor, k_operation, k_key) AS k (commit, tenant, actor, operation, key)
        WHERE outcomes[k.commit] = 0 AND (k.tenant, k.actor, k.operation, k.key) NOT IN (SELECT * FROM taken);
        IF broken <> '{}' THEN
            FOREACH nth IN ARRAY broken LOOP
                outcomes[nth] := 3;
            END LOOP;
            DELETE FROM {schema}.events AS w
            USING unnest(e_commit, e_arrival) AS e (commit, arrival)
            WHERE e.commit = ANY (broken) AND w.position = places[e.arrival];
        END IF;
    END IF;
    IF '{}' <> ANY (e_tags) THEN
        INSERT INTO {schema}.event_tags (tenant, tag, position)
        SELECT DISTINCT e.tenant, t.tag, places[e.arrival]
        FROM unnest(e_commit, e_arrival, e_tenant, e_tags) AS e (commit, arrival, tenant, tags),
            unnest(e.tags::text[]) AS t (tag)
        WHERE outcomes[e.commit] = 0;
    END IF;
    IF cardinality(n_commit) > 0 THEN
        INSERT INTO {schema}.snapshots (tenant, stream, version, type, schema_version, data)
        SELECT n.tenant, n.stream, n.version, n.type, n.schema_version, n.data
        FROM unnest(n_commit, n_tenant, n_stream, n_version, n_type, n_schema_version, n_data)
            AS n (commit, tenant, stream, version, type, schema_version, data)
        WHERE outcomes[n.commit] = 0
        ON CONFLICT (tenant, stream) DO UPDATE
        SET version = excluded.version, type = excluded.type, schema_version = excluded.schema_version,
            data = excluded.data;
    END IF;
    IF 0 < ANY (outcomes) THEN
        heads := ARRAY(
            SELECT CASE
                WHEN outcomes[s.commit] = 0 THEN heads[s.place]
                ELSE coalesce(
                    (
                        SELECT e.version FROM {schema}.events AS e
                        WHERE e.tenant = s.tenant AND e.stream = s.stream ORDER BY e.version DESC LIMIT 1
                    ), 0
                )
            END
            FROM unnest(s_commit, s_tenant, s_stream) WITH ORDINALITY AS s (commit, tenant, stream, place)
            ORDER BY s.place
        );
    END IF;
END
$$;
