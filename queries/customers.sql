-- name: customer_addresses
-- One row per stream: route_key, event_data: the newest customer or checkout event with a body, as text.
-- Uses events_stream.
SELECT DISTINCT ON (e.route_key) e.route_key, e.event_data::text AS event_data
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
  JOIN events e USING (part, route_key)
 WHERE e.event_type = ANY(%(types)s::text[]) AND e.event_data IS NOT NULL
 ORDER BY e.route_key, e.occurred_at DESC, e.position DESC

-- name: events
-- One row per event; body: the signed text, or nothing; source: all events, or those of some streams.
-- Uses the index of each filter.
SELECT e.id, e.part, e.position, e.source_system, e.idempotency_key, e.livemode, e.route_key,
       e.aggregate_type, e.aggregate_id, e.event_type, e.event_version, e.metadata, e.correlation_id,
       e.causation_id, e.occurred_at, e.recorded_at, encode(e.payload_digest, 'hex') AS payload_digest,
       e.event_data IS NULL AS erased
       {body}
  {source}

-- name: linked_customers
-- One row per Stripe customer now linked to the user: customer_id.
-- Uses customer_links_user.
SELECT l.customer_id FROM customer_links l WHERE l.user_id = %(user_id)s::text ORDER BY l.customer_id

-- name: unlinked_customers
-- One row per Stripe customer that waits for a link, in id order: customer_id, created_at, claimed_by. None whose last
-- owner was deleted or erased.
-- Uses customer_links_user.
SELECT l.customer_id, l.created_at, l.claimed_by
  FROM customer_links l
 WHERE l.user_id IS NULL AND NOT l.owner_left AND l.customer_id > %(after)s::text
 ORDER BY l.customer_id
 LIMIT %(limit)s::integer

-- name: users_with_addresses
-- Rows: user_id, email, full_name, created_at of users with one of these addresses, ignoring case.
-- Uses users_email.
SELECT u.user_id, u.email, u.full_name, u.created_at
  FROM users u
 WHERE lower(u.email) = ANY(%(emails)s::text[])
 ORDER BY u.created_at, u.id
 LIMIT %(limit)s::integer

-- name: waiting_streams
-- One row per stream: route_key, events, last_at, last_type.
-- Uses events_stream.
SELECT wanted.route_key, count(*) AS events, max(e.occurred_at) AS last_at,
       (array_agg(e.event_type ORDER BY e.occurred_at DESC, e.position DESC))[1] AS last_type
  FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS wanted (part, route_key)
  JOIN events e USING (part, route_key)
 GROUP BY wanted.route_key
