"""`tenure scale`: the same schema on more than one server."""
