-- Rows: customers of connected accounts, whose ids begin with their account's.
-- Scans customer_links: run only when an operator changes which accounts are trusted.
SELECT customer_id FROM customer_links WHERE customer_id LIKE '%%/%%'
