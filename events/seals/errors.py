"""Errors of sealing, proving and checking."""


class SealError(Exception):
    """Any refusal by this package; catch this one to report and stop."""


class ProofRefused(SealError):
    """A proof does not show what it claims. Treat the claim as false."""


class MissingNode(SealError):
    """A tree node that must be stored was not found. Rebuild the nodes and verify."""

    def __init__(self, level: int, index: int) -> None:
        super().__init__(
            f"expected the stored tree node at level {level}, index {index}; "
            "found none: run a full verification of this part"
        )
        self.level = level
        self.index = index


class MalformedNote(SealError):
    """A text is not a signed note. Fetch it again; do not repair it by hand."""


class SignatureRefused(SealError):
    """A note carries no good signature by a trusted key. Do not use its text."""


class MalformedCheckpoint(SealError):
    """A signed text is not a Tenure checkpoint. Check which file was given."""


class MalformedProofFile(SealError):
    """A proof file differs from the format in docs/proofs.md. Request a new one."""


class UnusableKey(SealError):
    """A signing or verifier key cannot be used; the message says how to fix it."""


class KeyAlreadyExists(UnusableKey):
    """A key file is there already and is never overwritten. Load it instead."""
