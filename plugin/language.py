"""Languages: German in two tones and English, read from plain catalogues when they are first needed.

``de`` (Sie) is complete, ``de_DE@informal`` (du) holds only what differs and falls back to it, English is the text
in the code. A package's own catalogues fall back to the app's.
"""

import datetime as dt
import re
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import TypeAlias
from unicodedata import normalize

from babel import Locale, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from plugin.core.money import exponent, major

LOCALES = Path(__file__).parent / "locales"
"""The app's own catalogues: ``<catalogue>/<package>.po``, here ``de/plugin.po``."""

FORMAL, INFORMAL = "de", "de_DE@informal"
_FORMATS = {"de": Locale("de"), "en": Locale("en", "GB")}
_SPOKEN = {"de": ("EEE, d.", " MMMM", " y"), "en": ("EEE d", " MMMM", " y")}
"""A day as people say it, in the parts that may be said or left out."""
_CLOCK = {"de": "HH:mm 'Uhr'", "en": "HH:mm"}
_NO_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
COUNTRIES = frozenset(
    code
    for code in map(str, _FORMATS["en"].territories)
    if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
)
"""Every country that has a name (ISO 3166-1)."""

Tag: TypeAlias = str


def sentence(text: str) -> str:
    """Mark ``text`` for the catalogues and return it unchanged; it is translated where it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Language:
    """How one shopper is spoken to; ``tag`` is for the ``lang`` attribute, ``informal`` says du."""

    tag: Tag
    informal: bool
    catalogue: NullTranslations

    def of(self, folder: Path) -> "Language":
        """Return the same language and tone with the catalogues of another package."""
        return _language(self.tag, self.informal, folder)

    def gettext(self, text: str, **values: object) -> str:
        """Return the text in this language, its ``%(name)s`` filled in when values are given."""
        found = self.catalogue.gettext(text)
        return found % values if values else found

    def ngettext(self, one: str, many: str, n: int, **values: object) -> str:
        """Return the text for a count; ``%(n)s`` is the count, grouped as this language does."""
        return self.catalogue.ngettext(one, many, n) % {"n": self.number(n), **values}

    def date(self, day: dt.date) -> str:
        """Return a short date: 12. Dez., 12 Dec."""
        return _skeleton(self.tag, "MMMd", day)

    def day(self, day: dt.date) -> str:
        """Return a date within a sentence: 12. Dezember, 12 December."""
        return _skeleton(self.tag, "MMMMd", day)

    def long_date(self, day: dt.date) -> str:
        """Return a full date: 12. Dezember 2026, 12 December 2026."""
        return _long_date(self.tag, day)

    def month(self, day: dt.date) -> str:
        """Return the month of a day: Dezember 2026, December 2026."""
        return _skeleton(self.tag, "yMMMM", day)

    def weekday(self, day: dt.date) -> str:
        """Return a date with its weekday: Sa., 12. Dez., Sat 12 Dec."""
        return _skeleton(self.tag, "MMMEd", day)

    def spoken(self, day: dt.date, *, month: bool = True, year: bool = False) -> str:
        """Return a day as people say it: Di., 24. November, Tue 24 November; without the month: Di., 24., Tue 24."""
        return _spoken(self.tag, day, 1 + month + (month and year))

    def day_of_week(self, day: dt.date) -> str:
        """Return the name of a day: Donnerstag, Thursday."""
        return dates.format_date(day, "EEEE", locale=_FORMATS[self.tag])

    def between(self, first: dt.date, last: dt.date) -> str:
        """Return one day or two in little room: 24.–26. Nov., 24–26 Nov."""
        return str(dates.format_interval(first, last, "MMMd", locale=_FORMATS[self.tag]))

    def time(self, time: dt.time) -> str:
        """Return a time of day: 14:00 Uhr, 14:00."""
        return dates.format_time(time, _CLOCK[self.tag], locale=_FORMATS[self.tag])

    def country(self, code: str) -> str:
        """Return what a country (ISO 3166-1) is called: Schweiz, Switzerland; a code nobody knows stays one."""
        return str(_FORMATS[self.tag].territories.get(code, code))

    def by_name(self, countries: Iterable[str]) -> list[tuple[str, str]]:
        """Return countries with their names, in the order in which people look for them: Österreich after Norwegen."""
        named = [(code, self.country(code)) for code in countries]
        return sorted(named, key=lambda one: normalize("NFKD", one[1]).casefold())

    def money(self, minor: int, currency: str) -> str:
        """Return an amount in minor units as people write it: 3,20 €, €3.20; whole units carry no decimals."""
        return _money(self.tag, minor, currency)

    def number(self, value: int | Decimal) -> str:
        """Return a number, grouped: 12.345, 12,345."""
        return _number(self.tag, value)

    def percent(self, value: int | Decimal) -> str:
        """Return a percentage, given in percent: 10 %, 10%."""
        return _percent(self.tag, value)


def language(locale: str | None, tone: str, *, folder: Path = LOCALES) -> Language:
    """Return the language for a BCP 47 tag and the shop's tone; what is unknown is English.

    ``folder`` is a package's ``locales``; its catalogues are named after the package.
    """
    tag = negotiate(locale)
    return _language(tag, tag == "de" and tone == "du", folder)


def negotiate(locale: str | None) -> Tag:
    """Return the language tag we have for a BCP 47 tag such as de-AT."""
    primary = re.split("[-_]", locale or "", maxsplit=1)[0].lower()
    return primary if primary in _FORMATS else "en"


@lru_cache(64)
def _language(tag: Tag, informal: bool, folder: Path) -> Language:  # noqa: FBT001  a cache is faster by place
    found = NullTranslations()
    if tag == "de":
        names = (INFORMAL, FORMAL) if informal else (FORMAL,)
        files = [
            place / name / f"{place.parent.name}.po"
            for place in dict.fromkeys((folder, LOCALES))
            for name in names
        ]
        for path in reversed([path for path in files if path.exists()]):
            own = _read(path)
            own.add_fallback(found)
            found = own
    return Language(tag, informal, found)


def _read(path: Path) -> GNUTranslations:
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale="de", abort_invalid=True))
    compiled.seek(0)
    return GNUTranslations(compiled)


@lru_cache(4096)
def _skeleton(tag: Tag, skeleton: str, day: dt.date) -> str:
    return dates.format_skeleton(skeleton, day, locale=_FORMATS[tag])


@lru_cache(4096)
def _spoken(tag: Tag, day: dt.date, parts: int) -> str:
    return dates.format_date(day, "".join(_SPOKEN[tag][:parts]), locale=_FORMATS[tag])


@lru_cache(4096)
def _long_date(tag: Tag, day: dt.date) -> str:
    return dates.format_date(day, "long", locale=_FORMATS[tag])


@lru_cache(4096)
def _money(tag: Tag, minor: int, currency: str) -> str:
    locale = _FORMATS[tag]
    amount = major(minor, currency)
    places = 0 if amount == amount.to_integral_value() else exponent(currency)
    pattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (places, places)
    written: str = pattern.apply(amount, locale, currency=currency, currency_digits=False)
    return written


@lru_cache(4096)
def _number(tag: Tag, value: int | Decimal) -> str:
    return numbers.format_decimal(value, locale=_FORMATS[tag])


@lru_cache(1024)
def _percent(tag: Tag, value: int | Decimal) -> str:
    return numbers.format_percent(Decimal(value) / 100, locale=_FORMATS[tag], decimal_quantization=False)
