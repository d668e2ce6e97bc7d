"""What leaves Tenure: mail and outgoing webhooks."""
