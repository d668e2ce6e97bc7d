-- One row: how far one part is projected; locked, so that no other transaction projects the part meanwhile.
-- Leans on the primary key of projection_checkpoints.
SELECT position FROM projection_checkpoints WHERE part = %(part)s FOR UPDATE
