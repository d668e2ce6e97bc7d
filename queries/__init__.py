"""Tables to answers: profile, entitlements, lists, dashboard, history."""
