-- Rows: the migrations this database has.
SELECT migration_id AS name FROM _yoyo_migration
