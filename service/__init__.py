"""The composition root: application, HTTP server, worker, supervisor, logging, metrics, tracing, keys."""
