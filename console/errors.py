"""What the console refuses, as the page it becomes."""


class FormRefused(Exception):
    """The request can't be answered as asked. The detail says what to do instead."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail


def not_found(what: str) -> FormRefused:
    """404: what was asked for is not there."""
    return FormRefused(404, "Not here", f"There is no such {what}.")


def bad_input(detail: str) -> FormRefused:
    """400: a field has a value that means nothing."""
    return FormRefused(400, "That can't be read", detail)


def sentence(told: object) -> str:
    """What an error or an answer says, as a sentence on a page."""
    said = str(told)
    return f"{said[:1].upper()}{said[1:]}."
