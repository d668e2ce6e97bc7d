"""Events to tables: reading provider shapes, canonical order, the fold, the runner, replay."""
