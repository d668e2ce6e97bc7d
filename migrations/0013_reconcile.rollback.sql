DROP TABLE reconcile_seen, import_shards, reconcile_cursors;
