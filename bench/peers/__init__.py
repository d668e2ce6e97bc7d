"""stripe-sync-engine, dj-stripe and Tenure on one server, with the same events and the same load."""
