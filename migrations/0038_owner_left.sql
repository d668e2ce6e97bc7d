-- Why: a customer whose last owner was deleted or erased waits for no link, and must not count as one that does.
-- Filled by the projector; a replay, due after this release anyway, fills it for customers without new events.
ALTER TABLE customer_links ADD COLUMN owner_left boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN customer_links.owner_left IS 'No user owns the customer, and the last owner was deleted or erased.';
