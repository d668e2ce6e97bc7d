-- Condition on a search: the id its source gave it. The part is unknown, so each is probed.
-- Leans on events_idempotency.
e.part = ANY(%(parts)s::smallint[])
   AND e.source_system IN ('stripe', 'clerk', 'tenure')
   AND e.idempotency_key = %(idempotency_key)s::text
   AND e.livemode IN (true, false)
