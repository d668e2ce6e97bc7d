"""The log: envelope, append, read, part heads, seals; imports no other package of Tenure."""
