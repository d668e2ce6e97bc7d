"""Archives: the log, or a whole database, in a file that proves it is whole; and back again."""
