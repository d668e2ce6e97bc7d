"""Web pages for people: Jinja templates and the static files they use."""
