-- No rows; inserts a row for each new customer, to be locked. In id order, so that no deadlock arises.
-- Leans on the primary key of customer_links.
INSERT INTO customer_links (customer_id, claims, claimed_by, created_at, updated_at)
SELECT met.customer_id, 'null', '{}', 'infinity', 'infinity'
  FROM unnest(%(customers)s::text[]) AS met (customer_id)
 ORDER BY met.customer_id
    ON CONFLICT (customer_id) DO NOTHING
