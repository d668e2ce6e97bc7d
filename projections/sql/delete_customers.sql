-- No rows; removes customers without events.
-- Leans on the primary key of customer_links.
DELETE FROM customer_links WHERE customer_id = ANY (%(customers)s::text[])
