"""Refused requests, as the console's error pages."""


class FormRefused(Exception):
    """The request is refused. The detail says what to do instead."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail


def not_found(what: str) -> FormRefused:
    """404: the requested object does not exist."""
    return FormRefused(404, "Not here", f"There is no such {what}.")


def bad_input(detail: str) -> FormRefused:
    """400: a field has an invalid value."""
    return FormRefused(400, "That can't be read", detail)


def sentence(problem: object) -> str:
    """The text of an error or an answer, as a sentence on a page."""
    text = str(problem)
    return f"{text[:1].upper()}{text[1:]}."
