"""Numbers with singular or plural nouns."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 event waits`, `2 events wait`; without `many` an s is added to `one`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
