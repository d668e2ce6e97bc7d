-- One row: erased_events, erased_conflicts, erased_deliveries.
-- Leans on events_stream; only what the privacy.erased event at that place names.
SELECT erased_events, erased_conflicts, erased_deliveries
  FROM erase_person(%(part)s::smallint, %(position)s::bigint)
