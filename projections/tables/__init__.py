"""One module for each of a user's tables: which event goes to which rule, and the row."""
