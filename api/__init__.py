"""HTTP for services and auditors: Flask blueprints, OpenAPI, tokens."""
