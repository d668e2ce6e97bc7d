-- Rows, at least one: the head of a part, the digest of the catalog (null before any plan), and of the domain
-- events with one of these keys: idempotency_key, id, metadata.
-- Leans on the primary key of part_heads, and on events_idempotency.
SELECT h.head, (SELECT c.digest FROM projection_catalog c), e.idempotency_key, e.id, e.metadata
  FROM part_heads h
  LEFT JOIN events e
    ON e.part = h.part AND e.source_system = 'tenure' AND e.idempotency_key = ANY (%(keys)s::text[]) AND e.livemode
 WHERE h.part = %(part)s
