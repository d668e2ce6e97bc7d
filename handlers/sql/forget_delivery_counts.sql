-- No row. Deletes counts of minutes before an instant.
-- Leans on the primary key of delivery_counts.
DELETE FROM delivery_counts WHERE minute < %(before)s::timestamptz
