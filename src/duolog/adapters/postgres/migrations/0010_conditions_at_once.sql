-- Appending under conditions, and in other people's transactions. Frozen once released.
-- append_one and append_batch are those of 0001_log.sql but for two things: they limit how long the transaction may idle
-- from now on, and the conditions of a batch are checked in one statement.

CREATE OR REPLACE FUNCTION {schema}.append_one(
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
    PERFORM {schema}.limit_idleness();
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

CREATE OR REPLACE FUNCTION {schema}.append_batch(
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
    found bigint;
BEGIN
    -- 1. The fence, on every call and before anything is drawn: a roll-back to a savepoint releases it again.
    PERFORM {schema}.take_fence();
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    PERFORM {schema}.limit_idleness();
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
    -- In one statement for all of them: one each would be planned anew each time.
    IF cardinality(c_commit) > 0 THEN
        FOR nth, found IN
            SELECT c.commit, min(f.position)
            FROM (
                SELECT
                    u.commit, u.tenant, u.horizon, u.seen::bigint[] AS seen, u.types::text[] AS types,
                    u.tags::text[] AS tags
                FROM unnest(c_commit, c_tenant, c_horizon, c_seen, c_types, c_tags)
                    AS u (commit, tenant, horizon, seen, types, tags)
            ) AS c
            CROSS JOIN LATERAL (
                SELECT min(t.position) AS position
                FROM {schema}.event_tags AS t
                WHERE c.tags <> '{}' AND t.tenant = c.tenant AND t.tag = c.tags[1] AND t.position > c.horizon
                    AND NOT t.position = ANY (c.seen)
                    AND (
                        c.types = '{}' AND cardinality(c.tags) = 1
                        OR EXISTS (
                            SELECT FROM {schema}.events AS e
                            WHERE e.position = t.position AND e.tags @> c.tags
                                AND (c.types = '{}' OR e.type = ANY (c.types))
                        )
                    )
                UNION ALL
                SELECT min(e.position)
                FROM {schema}.events AS e
                WHERE c.tags = '{}' AND e.position > c.horizon AND e.tenant = c.tenant
                    AND NOT e.position = ANY (c.seen) AND (c.types = '{}' OR e.type = ANY (c.types))
            ) AS f
            WHERE f.position IS NOT NULL
            GROUP BY c.commit
        LOOP
            outcomes[nth] := greatest(outcomes[nth], 2);
            unseen[nth] := found;
        END LOOP;
    END IF;

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

DROP FUNCTION {schema}.first_unseen;
