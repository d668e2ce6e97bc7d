-- One row: what the last replay left and what every batch since has moved the sum of digests to, in hex by the reader.
-- Leans on nothing: 65 rows.
SELECT (SELECT digest FROM projection_digests WHERE slot = 0), (SELECT sum(digest) FROM projection_digests)
