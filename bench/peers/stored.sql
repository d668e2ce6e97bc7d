-- name: missing_tenure_events
-- One row per id that is not in the log.
-- Uses the unique index of events over part, source system and key.
SELECT sent.id
  FROM unnest(%(ids)s::text[], %(customers)s::text[]) AS sent (id, customer)
 WHERE NOT EXISTS (SELECT FROM events e
                    WHERE e.part = part_of(sent.customer) AND e.source_system = 'stripe'
                      AND e.idempotency_key = sent.id AND NOT e.livemode)

-- name: stale_tenure_users
-- One row per user whose subscription has another status, or another end of its period.
-- Uses users_user_id and user_subscriptions_user.
SELECT sent.user_id
  FROM unnest(%(users)s::text[], %(statuses)s::text[], %(period_ends)s::bigint[]) AS sent (user_id, status, period_end)
  LEFT JOIN users u ON u.user_id = sent.user_id
  LEFT JOIN user_subscriptions s ON s.user_id = u.id
 WHERE s.subscription_status IS DISTINCT FROM sent.status
    OR coalesce(s.subscription_renewal_date, s.subscription_cancel_date) IS DISTINCT FROM to_timestamp(sent.period_end)

-- name: stale_subscriptions
-- One row per subscription that does not show its last event.
-- Uses the primary key of stripe.subscriptions.
SELECT sent.id
  FROM unnest(%(ids)s::text[], %(created)s::bigint[]) AS sent (id, created)
  LEFT JOIN stripe.subscriptions s USING (id)
 WHERE s.last_synced_at IS DISTINCT FROM to_timestamp(sent.created)

-- name: stale_invoices
-- One row per invoice that does not show its last event.
-- Uses the primary key of stripe.invoices.
SELECT sent.id
  FROM unnest(%(ids)s::text[], %(created)s::bigint[]) AS sent (id, created)
  LEFT JOIN stripe.invoices i USING (id)
 WHERE i.last_synced_at IS DISTINCT FROM to_timestamp(sent.created)

-- name: missing_dj_stripe_events
-- One row per id without an event.
-- Uses the unique index of djstripe_event over id.
SELECT sent.id
  FROM unnest(%(ids)s::text[]) AS sent (id)
 WHERE NOT EXISTS (SELECT FROM djstripe_event e WHERE e.id = sent.id)
