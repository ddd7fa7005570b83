-- Appending many single events at once. Frozen once released.

-- Whoever has drawn a position holds back what comes behind it until his transaction ends. So it may idle for 5 seconds
-- at most from now on, unless its own limit is shorter. In a call that is a transaction of its own this says nothing.
CREATE FUNCTION {schema}.limit_idleness() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    most interval := current_setting('idle_in_transaction_session_timeout');
BEGIN
    IF most = interval '0' OR most > interval '5 seconds' THEN
        PERFORM set_config('idle_in_transaction_session_timeout', '5s', true);
    END IF;
END
$$;

-- Appends one event for each of several commits that have nothing else: what most batches are.
--
-- As append_batch in 0001_log.sql, with an eighth of its statements and half of its values. Every commit has another
-- stream, so a row that could not be inserted is a commit that was refused, and nothing has to be taken back.
--   shared_keys: keys of boundaries, sorted, each once. All other arrays are in the order of arrival.
--   to_tenant: empty if all are ''. with_tags: texts of arrays; empty if there are none.
--   expected: the stream's version, -1 for any, -2 for a stream that exists, -3 cannot be met.
-- `places`: the position of each, or 0 if it was refused. `heads`: its stream's version before (refused: now).
CREATE FUNCTION {schema}.append_each(
    shared_keys integer[], to_tenant text[], to_stream text[], expected integer[], id uuid[], of_type text[],
    of_schema_version integer[], with_tags text[], in_partition smallint[], with_data json[], with_metadata json[],
    OUT places bigint[], OUT heads integer[]
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    many integer := cardinality(id);
    now bigint;
    lock_key integer;
    inserted integer;
BEGIN
    PERFORM {schema}.take_fence();
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    PERFORM {schema}.limit_idleness();
    FOREACH lock_key IN ARRAY shared_keys LOOP
        PERFORM pg_advisory_xact_lock_shared(1685417837, lock_key);
    END LOOP;
    -- A stream that must not exist needs no look: its version 1 is unique.
    IF 0 = ALL (expected) THEN
        heads := array_fill(0, ARRAY[many]);
    ELSE
        heads := ARRAY(
            SELECT CASE
                WHEN s.expected = 0 THEN 0
                ELSE coalesce(
                    (
                        SELECT e.version FROM {schema}.events AS e
                        WHERE e.tenant = coalesce(s.tenant, '') AND e.stream = s.stream
                        ORDER BY e.version DESC LIMIT 1
                    ), 0
                )
            END
            FROM unnest(to_tenant, to_stream, expected) WITH ORDINALITY AS s (tenant, stream, expected, nth)
            ORDER BY s.nth
        );
    END IF;
    -- Positions in the order of arrival, rows in the order of streams, in which every writer locks them.
    places := {schema}.draw_positions(many);
    now := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    INSERT INTO {schema}.events (
        position, recorded_at, event_id, version, schema_version, partition, tenant, stream, type, tags, data, metadata
    )
    SELECT
        places[e.nth], now, e.id, e.head + 1, e.schema_version, e.partition, coalesce(e.tenant, ''), e.stream, e.type,
        coalesce(e.tags::text[], '{}'), e.data, e.metadata
    FROM unnest(
        to_tenant, to_stream, expected, heads, id, of_type, of_schema_version, with_tags, in_partition, with_data,
        with_metadata
    ) WITH ORDINALITY AS e (
        tenant, stream, expected, head, id, type, schema_version, tags, partition, data, metadata, nth
    )
    WHERE e.expected = e.head OR e.expected = -1 OR e.expected = -2 AND e.head > 0
    ORDER BY coalesce(e.tenant, '') COLLATE "C", e.stream COLLATE "C"
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS inserted = ROW_COUNT;
    IF inserted < many THEN
        -- In a new statement, so that it sees whoever came first.
        places := ARRAY(
            SELECT coalesce((SELECT w.position FROM {schema}.events AS w WHERE w.position = p.place), 0)
            FROM unnest(places) WITH ORDINALITY AS p (place, nth)
            ORDER BY p.nth
        );
        heads := ARRAY(
            SELECT CASE
                WHEN s.place > 0 THEN s.head
                ELSE coalesce(
                    (
                        SELECT e.version FROM {schema}.events AS e
                        WHERE e.tenant = coalesce(s.tenant, '') AND e.stream = s.stream
                        ORDER BY e.version DESC LIMIT 1
                    ), 0
                )
            END
            FROM unnest(to_tenant, to_stream, places, heads) WITH ORDINALITY AS s (tenant, stream, place, head, nth)
            ORDER BY s.nth
        );
    END IF;
    IF cardinality(with_tags) > 0 THEN
        INSERT INTO {schema}.event_tags (tenant, tag, position)
        SELECT DISTINCT coalesce(e.tenant, ''), t.tag, e.place
        FROM unnest(to_tenant, with_tags, places) AS e (tenant, tags, place), unnest(e.tags::text[]) AS t (tag)
        WHERE e.place > 0;
    END IF;
END
$$;
