-- Undoes 0021_retention.sql; no row comes back, and the events that account for the deleted ones stay.
DROP POLICY log_checkpoints_retention ON log_checkpoints;
DROP POLICY access_log_retention ON access_log;
DROP TRIGGER log_checkpoints_no_delete ON log_checkpoints;
DROP TRIGGER log_checkpoints_no_change ON log_checkpoints;
CREATE TRIGGER log_checkpoints_no_change BEFORE UPDATE OR DELETE ON log_checkpoints FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE log_checkpoints ENABLE ALWAYS TRIGGER log_checkpoints_no_change;
DROP TRIGGER access_log_no_delete ON access_log;
CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
DROP FUNCTION refuse_unless_retention;
DROP FUNCTION apply_retention;
