"""`tenure db`: the database looked at, its indexes, and how fast every query is on a full platform."""
