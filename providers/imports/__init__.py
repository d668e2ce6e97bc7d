"""Import an account that existed before Tenure."""
