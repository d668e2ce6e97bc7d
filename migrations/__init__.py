"""Numbered plain-SQL files, each with its rollback; database.migrations applies them."""
