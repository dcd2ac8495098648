"""A lookup: what a widget asks somebody outside, and what was found, for the merchant alone."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from plugin.language import Language


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is looked up: how it is called, in a sentence what was found, and whether shoppers see it.

    ``at`` is the last look, None while nobody has looked.
    """

    title: str
    text: str
    shown: bool
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Lookups:
    """``title`` is translated where it is shown; ``read`` reads only.

    ``again`` asks for everything once more and returns whether anything is on its way.
    """

    title: str
    read: Callable[[Connection, int, Language, datetime], Iterable[Finding]]
    again: Callable[[Connection, int, datetime], bool]
