-- At most one row: status, version and the event the history stops at, of a user's campaign.
-- Leans on the primary key of campaigns.
SELECT status, version, unfolded_event_id
  FROM campaigns
 WHERE id = %(id)s::uuid AND user_id = %(user_id)s
