"""The web server: gunicorn with workers of ours, which collect requests and answer deliveries in groups."""
