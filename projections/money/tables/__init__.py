"""The money tables, one module each."""
