"""Where the tables live: pool, embedded PostgreSQL, migration runner."""
