-- name: claims_of
-- Rows: customer_id, claimed_by, user_id, claims of every customer ever claimed for this user.
-- Uses customer_links_claimed.
SELECT customer_id, claimed_by, user_id, claims
  FROM customer_links
 WHERE claimed_by @> ARRAY[%(user_id)s::text]

-- name: history_base
-- Rows: settled_at and state of the user's last valid fold snapshot before an instant.
-- Uses the primary keys of projection_states and fold_snapshots.
SELECT f.settled_at, f.state
  FROM projection_states s
 CROSS JOIN LATERAL (
       SELECT k.settled_at, k.state
         FROM fold_snapshots k
        WHERE k.user_id = s.user_id AND k.settled_at <= %(before)s AND k.projector_version = %(version)s
          AND (s.refold_after IS NULL OR extract(epoch FROM k.settled_at) * 1000000 <= s.refold_after)
        ORDER BY k.settled_at DESC
        LIMIT 1) AS f
 WHERE s.user_id = %(user_id)s

-- name: history_reach
-- Rows: the first instant by which one of these streams has that many more events; null when none has.
-- Uses events_history.
SELECT min(reached.occurred_at)
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
 CROSS JOIN LATERAL (
       SELECT e.occurred_at
         FROM events e
        WHERE e.part = wanted.part AND e.route_key = wanted.route_key AND e.occurred_at > %(since)s
        ORDER BY e.occurred_at
       OFFSET %(count)s LIMIT 1) AS reached

-- name: history_recorded_after
-- Rows: recording time of the first-recorded event of these streams that occurred after an instant.
-- Uses events_history, and on events being recorded in position order: only one row of each stream is read.
SELECT (extract(epoch FROM min(e.recorded_at)) * 1000000)::bigint
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
 CROSS JOIN LATERAL (
       SELECT min(later.position + 0) AS position
         FROM events later
        WHERE later.part = wanted.part AND later.route_key = wanted.route_key
          AND later.occurred_at > %(since)s AND later.occurred_at <= %(until)s
          AND (later.livemode OR NOT %(live_only)s)) AS earliest
  JOIN events e ON e.part = wanted.part AND e.position = earliest.position

-- name: history_start
-- Rows: the last instant after which one of these streams has that many events up to another; null when none has.
-- Uses events_history.
SELECT max(reached.occurred_at)
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
 CROSS JOIN LATERAL (
       SELECT e.occurred_at
         FROM events e
        WHERE e.part = wanted.part AND e.route_key = wanted.route_key AND e.occurred_at <= %(until)s
        ORDER BY e.occurred_at DESC
       OFFSET %(count)s LIMIT 1) AS reached

-- name: history_unknown
-- Rows: one if an event of these streams happened up to an instant and was recorded after another.
-- Uses events_history.
SELECT 1
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
 CROSS JOIN LATERAL (
       SELECT 1 FROM events e
        WHERE e.part = wanted.part AND e.route_key = wanted.route_key
          AND e.occurred_at <= %(until)s AND e.recorded_at > %(known_at)s
        LIMIT 1) AS unknown
 LIMIT 1

-- name: row_stop
-- At most one row: event_id and reason, where the user's history stops at rows that could not be stored.
-- Uses the primary key of quarantine.
SELECT event_id, reason
  FROM quarantine
 WHERE user_id = %(user_id)s AND field = %(field)s
