"""Seals: Merkle trees over the parts, signed checkpoints, and proofs. Pure: no I/O.

The one exception is `keys`, which reads and creates the signing key's file.
"""
