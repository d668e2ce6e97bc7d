-- One row per list; stale: its history stops at an event that cannot be folded.
-- Uses creator_lists_listed where the owner is given.
SELECT l.id, l.user_id, l.name, l.description, l.type, l.privacy, l.tags, l.is_archived, l.items_count, l.version,
       l.unfolded_event_id IS NOT NULL AS stale, l.created_at, l.updated_at
  FROM creator_lists l
