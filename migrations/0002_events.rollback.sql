DROP TABLE unreadable_deliveries, event_conflicts, part_heads, events;
DROP FUNCTION refuse_change();
DROP FUNCTION refuse_unless_erasure();
