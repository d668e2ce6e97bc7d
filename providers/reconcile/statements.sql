-- name: erased_among
-- Rows: route_key of those of these routes that an erasure covers: the person's own, or a linked customer's who
-- has no other user since. Uses events_stream, events_type and the primary key of customer_links.
WITH erased AS (
    SELECT e.route_key AS user_id, named.customer_id
      FROM events e
      LEFT JOIN LATERAL json_array_elements_text(coalesce(e.event_data -> 'customer_ids', '[]')) AS named (customer_id) ON true
     WHERE e.event_type = 'privacy.erased' AND e.source_system = 'tenure'
)
SELECT wanted.route_key
  FROM unnest(%(routes)s::text[]) AS wanted (route_key)
 WHERE EXISTS (SELECT FROM erased r WHERE r.user_id = wanted.route_key)
    OR EXISTS (SELECT FROM erased r LEFT JOIN customer_links l ON l.customer_id = r.customer_id
                WHERE r.customer_id = wanted.route_key
                  AND (l.user_id IS NULL OR EXISTS (SELECT FROM erased o WHERE o.user_id = l.user_id)))

-- name: known_keys
-- Rows: ordinal of those keys that the log already has.
-- Uses events_idempotency.
SELECT wanted.ordinal
  FROM unnest(%(parts)s::smallint[], %(sources)s::text[], %(keys)s::text[], %(modes)s::boolean[])
       WITH ORDINALITY AS wanted (part, source_system, idempotency_key, livemode, ordinal)
 WHERE EXISTS (SELECT FROM events e
                WHERE e.part = wanted.part AND e.source_system = wanted.source_system
                  AND e.idempotency_key = wanted.idempotency_key AND e.livemode = wanted.livemode)

-- name: leave_reconcile
-- One row: whether the lock was held.
-- Uses an advisory lock of the session.
SELECT pg_advisory_unlock(%(class)s, hashtext(%(scope)s)) AS held

-- name: share_erasure
-- One row without meaning: no erasure commits until the transaction ends.
-- Uses an advisory lock.
SELECT pg_advisory_xact_lock_shared(hashtext('tenure erasure'))

-- name: take_reconcile
-- One row: taken, whether this session may reconcile the scope: no other one does.
-- Uses an advisory lock of the session.
SELECT pg_try_advisory_lock(%(class)s, hashtext(%(scope)s)) AS taken
