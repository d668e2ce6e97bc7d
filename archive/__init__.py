"""Archives: write the log or a whole database to a file with a checksum, and read it back."""
