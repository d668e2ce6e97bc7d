"""Provider JSON of all API versions to the bodies of facts."""
