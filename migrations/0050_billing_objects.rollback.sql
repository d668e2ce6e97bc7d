DROP TABLE billing_quarantine, billing_object_events, billing_objects;
