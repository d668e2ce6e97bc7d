ALTER TABLE customer_links DROP COLUMN owner_left;
