DROP POLICY unreadable_erase ON unreadable_deliveries;
DROP POLICY event_conflicts_erase ON event_conflicts;
DROP POLICY events_erase ON events;
REVOKE ALL ON unreadable_deliveries, event_conflicts, events FROM tenure_eraser;
DROP TRIGGER unreadable_no_update ON unreadable_deliveries;
DROP TRIGGER event_conflicts_no_update ON event_conflicts;
DROP FUNCTION refuse_unless_forgotten();
DROP FUNCTION erase_person;
DROP FUNCTION part_of;
