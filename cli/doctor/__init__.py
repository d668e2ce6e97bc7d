"""`tenure doctor`: everything that can be wrong with an installation, each with its fix."""
