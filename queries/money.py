"""Money formatted from minor units; never a float.

Source: https://docs.stripe.com/currencies#minor-units
"""

ZERO_DECIMALS = frozenset({
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf",
    "xof", "xpf",
})  # fmt: skip
THREE_DECIMALS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})


def money(amount_minor: int, currency: str) -> str:
    """`1 234.50 USD`, `500 JPY`, `-0.05 EUR`."""
    code = currency.lower()
    places = 0 if code in ZERO_DECIMALS else 3 if code in THREE_DECIMALS else 2
    whole, rest = divmod(abs(amount_minor), 10**places)
    sign = "-" if amount_minor < 0 else ""
    number = f"{sign}{whole:,}".replace(",", "\u202f")
    decimals = f".{rest:0{places}d}" if places else ""
    return f"{number}{decimals}\u00a0{currency.upper()}"
