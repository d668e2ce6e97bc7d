"""One module per user table: which event goes to which rule, and the row."""
