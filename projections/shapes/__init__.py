"""Provider JSON, in every shape it has had, to the bodies of facts."""
