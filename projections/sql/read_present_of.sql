-- Rows, one for each of these parts: part, its head, the digest of the catalog (null before any plan), and of the domain
-- event with this key in it: idempotency_key, id, metadata.
-- Leans on the primary key of part_heads, and on events_idempotency: LIMIT keeps it from being read by part alone.
SELECT h.part, h.head, (SELECT c.digest FROM projection_catalog c), prior.idempotency_key, prior.id, prior.metadata
  FROM unnest(%(parts)s::smallint[], %(keys)s::text[]) AS asked (part, key)
  JOIN part_heads h ON h.part = asked.part
  LEFT JOIN LATERAL (
       SELECT e.idempotency_key, e.id, e.metadata
         FROM events e
        WHERE e.part = asked.part AND e.source_system = 'tenure' AND e.idempotency_key = asked.key AND e.livemode
        LIMIT 1) AS prior ON true
