"""Whether events of the provider's test mode count in this process: `TENURE_LIVEMODE`.

Bound once, where the process starts, to the same value as in every process that shares the tables; a
pool's worker binds what its parent gives it.
"""

_live_only: bool | None = None


def bind(*, live_only: bool) -> None:
    """Ignore test events from now on, or count them."""
    global _live_only
    _live_only = live_only


def live_only() -> bool:
    """Whether test events are ignored. Raises: RuntimeError before `bind`."""
    if _live_only is None:
        raise RuntimeError("expected events.livemode.bind() where the process starts, found no call of it")
    return _live_only


def counts(is_live: bool) -> bool:
    """Whether an event of this mode counts."""
    return is_live or not live_only()
