"""`tenure db`: inspect the database and its indexes, and measure every query on a full platform."""
