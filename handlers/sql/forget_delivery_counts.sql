-- No row. Counts of minutes long past.
-- Leans on the primary key of delivery_counts.
DELETE FROM delivery_counts WHERE minute < %(before)s::timestamptz
