CREATE OR REPLACE FUNCTION analyze_after_erasure() RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    erased    record;
    parts     smallint[] := '{}';
    positions bigint[] := '{}';
    stale     text;
    analyzed  text[] := '{}';
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('tenure analyze after erasure'));
    FOR erased IN SELECT e.part, max(e.position) AS position FROM events e
                   WHERE e.event_type = 'privacy.erased' AND e.source_system = 'tenure' GROUP BY e.part LOOP
        IF EXISTS (SELECT FROM projection_checkpoints c WHERE c.part = erased.part AND c.position >= erased.position)
           AND NOT EXISTS (SELECT FROM analyzed_erasures a WHERE a.part = erased.part AND a.position >= erased.position) THEN
            parts := parts || erased.part;
            positions := positions || erased.position;
        END IF;
    END LOOP;
    IF cardinality(parts) = 0 THEN
        RETURN analyzed;
    END IF;
    -- An ANALYZE that began before waits here to its end, so that the sample taken now is the last.
    FOR stale IN
        SELECT c.relname FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
           AND c.relname NOT IN ('events', 'part_heads', 'log_nodes', 'log_checkpoints')
           AND pg_has_role(c.relowner, 'USAGE')
           AND EXISTS (SELECT FROM pg_stats s WHERE s.schemaname = 'public' AND s.tablename = c.relname)
         ORDER BY c.relname
    LOOP
        EXECUTE format('ANALYZE %I', stale);
        analyzed := analyzed || stale;
    END LOOP;
    INSERT INTO analyzed_erasures (part, position)
    SELECT v.part, v.position FROM unnest(parts, positions) AS v (part, position)
        ON CONFLICT (part) DO UPDATE SET position = excluded.position;
    RETURN analyzed;
END
$$;
COMMENT ON FUNCTION analyze_after_erasure IS 'Take sample values of the tables anew once the projection of an erasure is committed.';
DROP FUNCTION clear_statistics;
