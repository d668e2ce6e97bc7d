"""The database: connection pool, embedded PostgreSQL, migration runner."""
