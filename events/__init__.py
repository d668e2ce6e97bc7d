"""The log: envelope, append, read, part heads, seals; imports nothing of ours."""
