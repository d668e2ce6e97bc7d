-- Closing of a page of campaigns: newest first.
-- Leans on campaigns_listed and campaigns_status.
 ORDER BY c.created_at DESC, c.id DESC
