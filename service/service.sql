-- name: has_schema
-- One boolean: whether the log and the service's role are there.
-- Uses the system catalog by name.
SELECT to_regclass('events') IS NOT NULL AND to_regrole('tenure_app') IS NOT NULL AS has_schema

-- name: standing
-- One row: events in the log, and what an operator should look at. Cheap enough for every scrape.
-- Uses the 64 rows of part_heads; the other tables are small unless something is wrong.
SELECT (SELECT coalesce(sum(head), 0) FROM part_heads)::bigint AS log_events,
       (SELECT count(*) FROM quarantine)                       AS quarantined_users,
       (SELECT count(*) FROM event_conflicts)                  AS event_conflicts,
       (SELECT count(*) FROM unreadable_deliveries)            AS unreadable_deliveries,
       (SELECT count(*) FROM background_jobs WHERE status IN ('pending', 'failed')) AS jobs_waiting,
       (SELECT count(*) FROM background_jobs WHERE status = 'dead') AS jobs_dead,
       (SELECT count(*) FROM schedule_runs WHERE failures > 0 OR result ? 'failed') AS schedule_failing

-- name: traced_events
-- Rows: the traces that the events of a batch belong to.
-- Uses the primary key of events.
SELECT e.id::text AS id, e.event_type, e.metadata->>'traceparent' AS traceparent
  FROM unnest(%(parts)s::smallint[], %(after)s::bigint[], %(upto)s::bigint[]) AS batch (part, after, upto)
  JOIN events e ON e.part = batch.part AND e.position > batch.after AND e.position <= batch.upto
 WHERE jsonb_exists(e.metadata, 'traceparent')
