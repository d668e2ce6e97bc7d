-- name: delete_billing_objects
-- No rows; removes objects without events, and those that were inserted only to be locked.
-- Uses the primary key of billing_objects.
DELETE FROM billing_objects AS o
 USING unnest(%(kinds)s::text[], %(ids)s::text[], %(accounts)s::text[], %(livemodes)s::boolean[])
       AS v (kind, id, account, livemode)
 WHERE o.kind = v.kind AND o.id = v.id AND o.account = v.account AND o.livemode = v.livemode

-- name: forget_erased_objects
-- Rows: kind, id, account, livemode of the objects of erased events, which are no longer listed.
-- Uses events_stream, events_id and the primary key of billing_object_events.
WITH erased AS (
    SELECT e.part, e.position
      FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS v (part, route_key)
      JOIN events e ON e.part = v.part AND e.route_key = v.route_key AND e.event_data IS NULL
    UNION
    SELECT e.part, e.position FROM events e WHERE e.id = ANY (%(event_ids)s::uuid[]) AND e.event_data IS NULL)
DELETE FROM billing_object_events AS l
 USING erased
 WHERE l.part = erased.part AND l.position = erased.position
RETURNING l.kind, l.id, l.account, l.livemode

-- name: list_object_events
-- No rows; lists the events of objects.
-- Uses the primary key of billing_object_events.
INSERT INTO billing_object_events (part, position, at, kind, id, account, livemode)
SELECT *
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[], %(instants)s::timestamptz[], %(kinds)s::text[],
              %(ids)s::text[], %(accounts)s::text[], %(livemodes)s::boolean[])
    ON CONFLICT (part, position) DO NOTHING

-- name: lock_billing_objects
-- Rows: kind, id, account, livemode, row_id, state, is_refused; locked in the order of their keys.
-- Uses the primary key of billing_objects.
SELECT o.kind, o.id, o.account, o.livemode, o.row_id, o.state::text, o.is_refused
  FROM unnest(%(kinds)s::text[], %(ids)s::text[], %(accounts)s::text[], %(livemodes)s::boolean[])
       AS v (kind, id, account, livemode)
  JOIN billing_objects o ON o.kind = v.kind AND o.id = v.id AND o.account = v.account AND o.livemode = v.livemode
 ORDER BY o.kind, o.id, o.account, o.livemode
   FOR UPDATE OF o

-- name: meet_billing_objects
-- No rows; inserts a row for each new object, to be locked. In the order of their keys, so that no deadlock arises.
-- Uses the primary key of billing_objects.
INSERT INTO billing_objects (kind, id, account, livemode)
SELECT v.kind, v.id, v.account, v.livemode
  FROM unnest(%(kinds)s::text[], %(ids)s::text[], %(accounts)s::text[], %(livemodes)s::boolean[])
       AS v (kind, id, account, livemode)
 ORDER BY v.kind, v.id, v.account, v.livemode
    ON CONFLICT (kind, id, account, livemode) DO NOTHING

-- name: payments_of_customers
-- Rows: id, account, livemode of the payments of some customers.
-- Uses payments_customer.
SELECT id, account, livemode FROM payments WHERE customer_id = ANY (%(customers)s::text[])

-- name: read_object_events
-- Rows: what a snapshot needs of the listed events of some objects from an instant on.
-- Uses billing_object_events_object and the primary key of events.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.id::text, e.event_type,
       e.idempotency_key, e.livemode, e.event_data::text
  FROM unnest(%(kinds)s::text[], %(ids)s::text[], %(accounts)s::text[], %(livemodes)s::boolean[], %(since)s::timestamptz[])
       AS v (kind, id, account, livemode, since)
  JOIN billing_object_events l ON l.kind = v.kind AND l.id = v.id AND l.account = v.account AND l.livemode = v.livemode
                              AND l.at >= v.since
  JOIN events e ON e.part = l.part AND e.position = l.position
 WHERE e.event_data IS NOT NULL

-- name: read_object_parts
-- Rows: kind, id, account, livemode, row_id, state, is_refused of the objects that make up some rows.
-- Uses billing_objects_row.
SELECT o.kind, o.id, o.account, o.livemode, o.row_id, o.state::text, o.is_refused
  FROM unnest(%(ids)s::text[], %(accounts)s::text[], %(livemodes)s::boolean[]) AS v (row_id, account, livemode)
  JOIN billing_objects o ON o.row_id = v.row_id AND o.account = v.account AND o.livemode = v.livemode
 WHERE o.kind = ANY (%(kinds)s::text[])

-- name: read_places
-- Rows: what a snapshot needs of single events.
-- Uses the primary key of events.
SELECT e.part, e.position, (extract(epoch FROM e.occurred_at) * 1000000)::bigint AS at, e.id::text, e.event_type,
       e.idempotency_key, e.livemode, e.event_data::text
  FROM unnest(%(parts)s::smallint[], %(positions)s::bigint[]) AS v (part, position)
  JOIN events e ON e.part = v.part AND e.position = v.position
 WHERE e.event_data IS NOT NULL

-- name: release_objects
-- No rows; objects whose last event can be read again, and whose row is stored.
-- Uses the primary key of billing_quarantine.
DELETE FROM billing_quarantine AS q
 USING unnest(%(kinds)s::text[], %(ids)s::text[], %(accounts)s::text[], %(livemodes)s::boolean[])
       AS v (kind, id, account, livemode)
 WHERE q.kind = v.kind AND q.id = v.id AND q.account = v.account AND q.livemode = v.livemode

-- name: share_customers
-- No rows used; no transaction changes the owners of these customers before this one ends.
-- Uses the primary key of customer_links.
SELECT customer_id FROM customer_links WHERE customer_id = ANY (%(customers)s::text[]) ORDER BY customer_id FOR SHARE

-- name: write_billing_objects
-- No rows; the folds of objects that are locked.
-- Uses the primary key of billing_objects.
UPDATE billing_objects AS o
   SET row_id = v.row_id, state = v.state
  FROM json_populate_recordset(NULL::billing_objects, %(rows)s::json) AS v
 WHERE o.kind = v.kind AND o.id = v.id AND o.account = v.account AND o.livemode = v.livemode

-- name: write_refusals
-- No rows; whether each object's row was refused.
-- Uses the primary key of billing_objects.
UPDATE billing_objects AS o
   SET is_refused = v.is_refused
  FROM unnest(%(kinds)s::text[], %(ids)s::text[], %(accounts)s::text[], %(livemodes)s::boolean[], %(refused)s::boolean[])
       AS v (kind, id, account, livemode, is_refused)
 WHERE o.kind = v.kind AND o.id = v.id AND o.account = v.account AND o.livemode = v.livemode
