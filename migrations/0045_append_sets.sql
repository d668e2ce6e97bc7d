-- Why: appending a group of deliveries event by event cost the server four statements for each. This function looks
-- up all keys at once, locks the heads in part order, inserts all rows with one statement and updates all heads with
-- one. One event is a group of one, so appending has one meaning.
-- append_event() and append_events_promptly() stay for the code of before, which may still serve; nothing else uses them.
--
-- One row for each event, by its place in the arrays; no key may be there twice. Without p_wait, events whose head
-- another transaction locks have no outcome: they were not appended, and delayed no other event. Inside a part
-- recorded_at grows with the position.
CREATE FUNCTION append_events(
    p_parts            smallint[],
    p_ids              uuid[],
    p_source_systems   text[],
    p_idempotency_keys text[],
    p_livemodes        boolean[],
    p_route_keys       text[],
    p_aggregate_types  text[],
    p_aggregate_ids    text[],
    p_event_types      text[],
    p_event_versions   integer[],
    p_event_data       text[],
    p_metadata         text[],
    p_correlation_ids  text[],
    p_causation_ids    text[],
    p_occurred_at      timestamptz[],
    p_payload_salts    bytea[],
    p_payload_digests  bytea[],
    p_wait             boolean
) RETURNS TABLE (nth integer, outcome text, event_id uuid, event_position bigint, event_recorded_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
    fresh     integer[];                -- places of the events to append, by part
    seen      bigint[];                 -- their parts' heads when the keys were looked up
    chosen    integer[] := '{}';        -- those of them whose head is locked
    positions bigint[] := '{}';
    instants  timestamptz[] := '{}';
    parts     smallint[] := '{}';       -- the locked heads, and what they become
    heads     bigint[] := '{}';
    clocks    timestamptz[] := '{}';
    current   smallint := -1;
    free      boolean;
    stale     boolean := false;
    head_now  bigint;
    at        timestamptz;
    place     integer;
BEGIN
    -- An event whose key is in the log needs no head.
    SELECT array_agg(f.place), array_agg(f.head)
      INTO fresh, seen
      FROM (SELECT g.place, (SELECT h.head FROM part_heads h WHERE h.part = p_parts[g.place]) AS head
              FROM generate_subscripts(p_parts, 1) AS g (place)
             WHERE (SELECT e.position FROM events e
                     WHERE e.part = p_parts[g.place] AND e.source_system = p_source_systems[g.place]
                       AND e.idempotency_key = p_idempotency_keys[g.place]
                       AND e.livemode = p_livemodes[g.place]) IS NULL
             ORDER BY p_parts[g.place], g.place) f;

    -- One statement per part: on Citus a statement may lock rows of one part only.
    FOR i IN 1 .. coalesce(cardinality(fresh), 0) LOOP
        IF p_parts[fresh[i]] <> current THEN
            current := p_parts[fresh[i]];
            IF p_wait THEN
                SELECT h.head, h.recorded_at INTO head_now, at FROM part_heads h WHERE h.part = current FOR UPDATE;
            ELSE
                SELECT h.head, h.recorded_at INTO head_now, at FROM part_heads h WHERE h.part = current
                   FOR UPDATE SKIP LOCKED;
            END IF;
            free := FOUND;
            IF free THEN
                parts := parts || current;
                heads := heads || head_now;
                -- A clock that steps back must not make a later position look earlier.
                clocks := clocks || greatest(clock_timestamp() - interval '1 microsecond', at);
                stale := stale OR head_now <> seen[i];
            ELSIF p_wait THEN
                RAISE EXCEPTION 'part % has no head: expected a part from 0 to 63', current;
            END IF;
        END IF;
        IF free THEN
            chosen := chosen || fresh[i];
        END IF;
    END LOOP;

    -- Another transaction appended to one of the parts between the lookup and the lock, perhaps one of these keys;
    -- none can any more.
    IF stale THEN
        chosen := ARRAY(
            SELECT c.place FROM unnest(chosen) WITH ORDINALITY AS c (place, nth)
             WHERE (SELECT e.position FROM events e
                     WHERE e.part = p_parts[c.place] AND e.source_system = p_source_systems[c.place]
                       AND e.idempotency_key = p_idempotency_keys[c.place]
                       AND e.livemode = p_livemodes[c.place]) IS NULL
             ORDER BY c.nth);
    END IF;

    FOREACH place IN ARRAY chosen LOOP
        current := array_position(parts, p_parts[place]);
        heads[current] := heads[current] + 1;
        positions := positions || heads[current];
        clocks[current] := clocks[current] + interval '1 microsecond';
        instants := instants || clocks[current];
    END LOOP;

    INSERT INTO events (part, position, id, source_system, idempotency_key, livemode, route_key,
                        aggregate_type, aggregate_id, event_type, event_version, event_data, metadata,
                        correlation_id, causation_id, occurred_at, recorded_at, payload_salt, payload_digest)
    SELECT p_parts[c.place], c.position, p_ids[c.place], p_source_systems[c.place], p_idempotency_keys[c.place],
           p_livemodes[c.place], p_route_keys[c.place], p_aggregate_types[c.place], p_aggregate_ids[c.place],
           p_event_types[c.place], p_event_versions[c.place], p_event_data[c.place]::json, p_metadata[c.place]::jsonb,
           p_correlation_ids[c.place], p_causation_ids[c.place], p_occurred_at[c.place], c.instant,
           p_payload_salts[c.place], p_payload_digests[c.place]
      FROM unnest(chosen, positions, instants) AS c (place, position, instant);

    UPDATE part_heads h SET head = n.head, recorded_at = n.clock
      FROM unnest(parts, heads, clocks) AS n (part, head, clock)
     WHERE h.part = n.part AND h.head < n.head;

    RETURN QUERY
    SELECT c.place, 'appended', p_ids[c.place], c.position, c.instant
      FROM unnest(chosen, positions, instants) AS c (place, position, instant);
    IF cardinality(chosen) = cardinality(p_parts) THEN
        RETURN;
    END IF;

    -- An erased payload can't be compared, and its body must not come back as evidence.
    RETURN QUERY
    WITH others AS MATERIALIZED (
        SELECT g.place, e.part, e.id, e.position, e.recorded_at,
               CASE WHEN e.id IS NULL THEN NULL
                    WHEN e.event_data IS NULL OR same_event_body(e.event_data, p_event_data[g.place]::json)
                    THEN 'duplicate'
                    ELSE 'conflict' END AS outcome
          FROM generate_subscripts(p_parts, 1) AS g (place)
          LEFT JOIN LATERAL (SELECT * FROM events e
                              WHERE e.part = p_parts[g.place] AND e.source_system = p_source_systems[g.place]
                                AND e.idempotency_key = p_idempotency_keys[g.place]
                                AND e.livemode = p_livemodes[g.place] OFFSET 0) e ON true
         WHERE g.place <> ALL (chosen)
    ), evidence AS (
        INSERT INTO event_conflicts (part, position, id, source_system, idempotency_key, event_type, event_data,
                                     metadata, body_digest, recorded_at)
        SELECT o.part, o.position, p_ids[o.place], p_source_systems[o.place], p_idempotency_keys[o.place],
               p_event_types[o.place], p_event_data[o.place]::json, p_metadata[o.place]::jsonb,
               sha256(convert_to(p_event_data[o.place], 'UTF8')), clock_timestamp()
          FROM others o WHERE o.outcome = 'conflict'
            ON CONFLICT DO NOTHING
    )
    SELECT o.place, o.outcome, o.id, o.position, o.recorded_at FROM others o;
END
$$;

REVOKE ALL ON FUNCTION append_events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_events TO tenure_app;
