"""Find the texts that identify a person in JSON payloads: names, addresses and phone numbers.

They are recognized by the names of their fields, at any depth, in payloads of Clerk, Stripe and Tenure.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from events.errors import UnreadablePayload
from events.payload import parse

NAMES = frozenset(
    {
        "first_name",
        "last_name",
        "full_name",
        "name",
        "username",
        "business_name",
        "brand_name",
        "customer_name",
        "individual_name",
        "display_name",
        "target_username",
    }
)
ADDRESSES = frozenset(
    {
        "email",
        "email_address",
        "customer_email",
        "receipt_email",
        "billing_email",
        "phone",
        "phone_number",
        "customer_phone",
        "line1",
        "line2",
    }
)
SHORTEST_WORD = 3

_WORD = re.compile(r"\w+")


class PersonalTexts:
    """Names and addresses of one person, as compared: without case, in one Unicode form."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.addresses: set[str] = set()

    def add_payloads(self, payloads: Iterable[str]) -> "PersonalTexts":
        for payload in payloads:
            try:
                self._add(parse(payload))
            except UnreadablePayload:
                continue
        return self

    def in_text(self, text: str) -> bool:
        """Whether the text holds an address, a whole name, or a word of a name."""
        folded = comparable(text)
        words = set(_WORD.findall(folded))
        of_names = {word for name in self.names for word in _WORD.findall(name)}
        name_words = {word for word in of_names if len(word) >= SHORTEST_WORD}
        whole = (value for value in self.names | self.addresses if len(value) >= SHORTEST_WORD)
        return bool(words & name_words) or any(_holds(folded, value) for value in whole)

    def _add(self, payload: Any) -> None:  # Any: JSON values
        for key, value in _texts(payload):
            if key in NAMES:
                self.names.add(comparable(value))
            elif key in ADDRESSES:
                self.addresses.add(comparable(value))


def comparable(text: str) -> str:
    """The text without case and surrounding space, in Unicode's compatibility form."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _holds(text: str, value: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:  # Any: JSON values
    """Every text with the name of its field, however deep it is nested."""
    waiting = [(key, value)]
    while waiting:
        name, nested = waiting.pop()
        if isinstance(nested, str):
            yield name, nested
        elif isinstance(nested, dict):
            waiting.extend(nested.items())
        elif isinstance(nested, list):
            waiting.extend((name, element) for element in nested)
