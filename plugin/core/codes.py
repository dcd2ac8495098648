"""Codes that cannot be guessed and can be read out: random letters in groups, none of which looks like another."""

import math
import re
import secrets

PREFIX = "DANKE"
ALPHABET = "34679CDFHJKMNPQRTVWXY"
"""No letter that looks like a digit or another letter, and no vowel, so that no word appears by chance."""

GROUPS, SIZE = 3, 4
RANDOM_BITS = math.log2(len(ALPHABET)) * GROUPS * SIZE
"""What must be guessed; at least 50 (semantics C 20)."""


_PREFIX = re.compile(r"[A-Z3479]{2,10}")
"""Of each pair that looks alike, such as O and 0, only the letter; no digit beside it ever stands in a code."""

_CODE = re.compile(rf"[A-Z3479]{{2,10}}(?:-[{ALPHABET}]{{{SIZE}}}){{{GROUPS}}}")


def is_prefix(text: str) -> bool:
    """Tell whether codes may begin with it."""
    return _PREFIX.fullmatch(text) is not None


def new_code(prefix: str = PREFIX) -> str:
    """Return a fresh code such as DANKE-7K4M-9QXP-3TRV, from the operating system's randomness."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(SIZE)) for _ in range(GROUPS))
    return "-".join((prefix, *groups))


def new_codes(count: int, prefix: str = PREFIX) -> list[str]:
    """Return that many different codes."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[new_code(prefix)] = None
    return list(found)


def known_form(text: str) -> str | None:
    """Return a code as it is stored, whatever case an order shows it in; None when it cannot be one of ours."""
    code = text.strip().upper()
    return code if _CODE.fullmatch(code) else None
