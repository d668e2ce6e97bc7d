-- Why: ANALYZE of an empty table leaves the statistics of its last rows as they are. Where an erasure took the only rows of a table
-- (the one person with a campaign), their values stayed in pg_statistic.
CREATE FUNCTION clear_statistics(p_table text) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    col record;
BEGIN
    FOR col IN
        SELECT s.tablename AS relation, s.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
          FROM pg_stats s
          JOIN pg_attribute a ON a.attrelid = format('public.%I', s.tablename)::regclass AND a.attname = s.attname
         WHERE s.schemaname = 'public'
           AND (s.tablename = p_table
                OR s.tablename IN (SELECT i.indexname FROM pg_indexes i WHERE i.schemaname = 'public' AND i.tablename = p_table))
    LOOP
        IF current_setting('server_version_num')::integer >= 180000 THEN
            EXECUTE 'SELECT pg_clear_attribute_stats(''public'', $1, $2, false)' USING col.relation::text, col.name::text;
        ELSIF col.relation = p_table THEN
            -- Removes the statistics of the column and of its indexes, and rewrites nothing.
            EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE %s', p_table, col.name, col.type);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION clear_statistics IS 'Remove the sample values of an empty table and its indexes; ANALYZE would leave them.';
REVOKE ALL ON FUNCTION clear_statistics FROM PUBLIC;

CREATE OR REPLACE FUNCTION analyze_after_erasure() RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    erased    record;
    parts     smallint[] := '{}';
    positions bigint[] := '{}';
    stale     text;
    has_rows  boolean;
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
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', stale) INTO has_rows;
        IF NOT has_rows THEN
            PERFORM clear_statistics(stale);
        END IF;
        analyzed := analyzed || stale;
    END LOOP;
    INSERT INTO analyzed_erasures (part, position)
    SELECT v.part, v.position FROM unnest(parts, positions) AS v (part, position)
        ON CONFLICT (part) DO UPDATE SET position = excluded.position;
    RETURN analyzed;
END
$$;
COMMENT ON FUNCTION analyze_after_erasure IS 'Take sample values of the tables anew once the projection of an erasure is committed.';
