-- Closing of a page of lists: newest first.
-- Leans on creator_lists_listed.
 ORDER BY l.created_at DESC, l.id DESC
