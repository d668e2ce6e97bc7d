-- One row: whether a provider ever delivered anything.
-- Leans on events_idempotency, one probe per part until the first hit.
SELECT EXISTS (SELECT 1 FROM part_heads h
                WHERE EXISTS (SELECT 1 FROM events e
                               WHERE e.part = h.part AND e.source_system IN ('stripe', 'clerk'))) AS any
