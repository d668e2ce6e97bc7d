-- Rows: customers ever claimed for one of these users.
-- Leans on customer_links_claimed.
SELECT customer_id FROM customer_links WHERE claimed_by && %(users)s::text[]
