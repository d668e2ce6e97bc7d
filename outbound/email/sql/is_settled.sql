-- One row: is_settled.
-- Leans on events_stream.
SELECT EXISTS (SELECT FROM unnest(%(parts)s::smallint[], %(routes)s::text[]) AS r (part, route_key)
                 JOIN events e ON e.part = r.part AND e.route_key = r.route_key
                WHERE e.event_type IN ('stripe.invoice.paid', 'stripe.invoice.payment_succeeded',
                                       'stripe.invoice.voided', 'stripe.invoice.marked_uncollectible')
                  AND readable_json(e.event_data) #>> '{data,object,id}' = %(invoice)s::text) AS is_settled
