-- name: customers_page
-- Rows: the next known customers of one account, and their users.
-- Uses the primary key of customer_links.
SELECT customer_id, user_id
  FROM customer_links
 WHERE customer_id > %(after)s
   AND CASE WHEN %(owner)s = '' THEN position('/' IN customer_id) = 0
            ELSE starts_with(customer_id, %(owner)s || '/') END
 ORDER BY customer_id
 LIMIT %(limit)s

-- name: forget_refusal
-- No row. Clears the refusal of the scope's last run.
-- Uses the primary key of reconcile_cursors.
DELETE FROM reconcile_cursors WHERE scope = %(scope)s

-- name: note_refusal
-- No row. A brake stopped the run; `updated_at` is when it first did. An alarm until a run of the scope is not stopped.
-- Uses the primary key of reconcile_cursors.
INSERT INTO reconcile_cursors (scope, result, updated_at) VALUES (%(scope)s, %(result)s::jsonb, %(now)s)
    ON CONFLICT (scope) DO UPDATE SET result = excluded.result

-- name: thin_events
-- Rows: thin events stored since then, and whether the v1 event they name is in the log as well.
-- Uses events_recorded and, for the twin, events_idempotency in each part.
SELECT e.id, e.recorded_at, e.metadata -> 'related_object' ->> 'type' AS kind,
       e.metadata -> 'related_object' ->> 'url' AS url, e.metadata ->> 'snapshot_event' AS twin,
       EXISTS (SELECT FROM unnest(%(parts)s::smallint[]) AS p (part)
                JOIN events t ON t.part = p.part AND t.source_system = 'stripe'
                 AND t.idempotency_key = %(owner)s || (e.metadata ->> 'snapshot_event')
                 AND t.livemode = e.livemode) AS has_twin
  FROM events e
 WHERE e.recorded_at > %(since)s AND e.source_system = 'stripe' AND e.livemode = %(livemode)s
   AND (e.event_type LIKE 'stripe.v1.%%' OR e.event_type LIKE 'stripe.v2.%%')
   AND starts_with(e.idempotency_key, %(owner)s)
 ORDER BY e.recorded_at
 LIMIT %(limit)s

-- name: users_ahead
-- Rows: the customers of these that have a user, and a customer of the account of each user shown as stale.
-- Uses the primary key of customer_links and on customer_links_user; reads user_subscriptions once.
SELECT l.customer_id, l.user_id
  FROM customer_links l
 WHERE l.customer_id = ANY (%(customers)s::text[]) AND l.user_id IS NOT NULL
UNION
SELECT l.customer_id, l.user_id
  FROM user_subscriptions s
  JOIN users u ON u.id = s.user_id
  JOIN customer_links l ON l.user_id = u.user_id
 WHERE s.billing_sync_status = 'stale'
   AND CASE WHEN %(owner)s::text = '' THEN position('/' IN l.customer_id) = 0
            ELSE starts_with(l.customer_id, %(owner)s::text || '/') END
