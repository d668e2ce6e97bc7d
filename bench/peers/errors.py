"""Errors of the comparison with other projects."""


class NotInstalled(Exception):
    """A contestant can't be installed or started here; the report has this sentence in place of its figures."""


class ServerFailed(Exception):
    """PostgreSQL doesn't start in the scratch folder. Choose another folder, or set DATABASE_URL."""


class NotDurable(Exception):
    """The server may lose commits, so figures of it mean nothing. Switch the setting on, or choose another server."""

    def __init__(self, setting: str, value: str) -> None:
        super().__init__(f"expected {setting} = on, found {value}; choose a durable server in DATABASE_URL")
        self.setting = setting
        self.value = value


class NotAccepted(Exception):
    """A contestant answered something else than 200. Its log is in the scratch folder."""

    def __init__(self, name: str, statuses: dict[str, int]) -> None:
        super().__init__(f"{name}: expected 200 for each event, found {statuses}; read its log in --folder")
        self.name = name
        self.statuses = statuses


class NotStored(Exception):
    """A contestant answered 200 for events that its tables don't show. Its log is in the scratch folder."""

    def __init__(self, name: str, many: int, missing: list[str]) -> None:
        super().__init__(
            f"{name}: of {many:,} accepted events {len(missing):,} are not stored, the first {missing[0]}; "
            "read its log in --folder"
        )
        self.name = name
        self.missing = missing


class NotProjected(Exception):
    """`tenure work` does not catch up. Its log is in the scratch folder."""

    def __init__(self, waiting: int, limit_s: float) -> None:
        super().__init__(
            f"{waiting:,} events still wait for the projector {limit_s:g} s after the last; read work.log in --folder"
        )
        self.waiting = waiting
        self.limit_s = limit_s
