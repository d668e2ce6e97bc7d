"""Taking over an account that existed before Tenure did."""
