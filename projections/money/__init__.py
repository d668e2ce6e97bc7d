"""The money tables: Stripe's objects, one row each, as the last snapshot in canonical order shows them.

A table is declared in one module of `tables`: which objects feed it, and where each column is in each of
their shapes. The rest is common to all tables: reading (`shapes`, `snapshot`, `cells`), order and final
states (`fold`), rows (`rows`) and the live projector (`project`); a replay folds the same in
`replay/objects.py`. An object that can't be read or stored is quarantined by itself: never its user, and
never the batch.
"""
