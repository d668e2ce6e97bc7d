"""The web server: gunicorn with workers that buffer requests and answer deliveries in batches."""
