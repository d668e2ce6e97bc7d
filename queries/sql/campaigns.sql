-- One row per campaign; stale: its history stops at an event that cannot be folded.
-- Uses campaigns_listed where the owner is given.
SELECT c.id, c.user_id, c.name, c.description, c.search_type, c.status, c.version,
       c.unfolded_event_id IS NOT NULL AS stale, c.created_at, c.updated_at
  FROM campaigns c
