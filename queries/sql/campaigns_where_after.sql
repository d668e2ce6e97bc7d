-- Condition on campaigns: behind the cursor.
-- Leans on campaigns_listed and campaigns_status.
(c.created_at, c.id) < (%(key_place)s::timestamptz, %(key_id)s::uuid)
