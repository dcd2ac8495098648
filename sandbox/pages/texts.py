"""The sandbox's own words in German and English, and how it writes money and dates."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal

from sandbox.discounts import CodeRefused
from sandbox.money import Body, decimal, minor

LOCALES = ("de", "en")
FOLDER = Path(__file__).resolve().parent.parent / "locales"


@lru_cache(maxsize=4)
def _words(locale: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((FOLDER / f"{locale}.json").read_text(encoding="utf-8"))
    return found


class Texts:
    """The words of one language, and amounts in one currency."""

    def __init__(self, locale: str, currency: str) -> None:
        self.locale = locale
        self.currency = currency

    def __call__(self, key: str, **facts: object) -> str:
        """Return a text; raises KeyError for one that nobody wrote."""
        return _words(self.locale)[key].format(**facts)

    def money(self, amount: int, currency: str | None = None) -> str:
        """Write minor units the way people of this language read them."""
        own = currency or self.currency
        return str(format_currency(Decimal(decimal(amount, own)), own, locale=self.locale))

    def bag(self, bag: Body) -> str:
        """Write the shop's side of a money bag."""
        money = bag["shop_money"]
        return self.money(minor(money["amount"], money["currency_code"]), money["currency_code"])

    def number(self, value: float) -> str:
        """Write a number."""
        return str(format_decimal(value, locale=self.locale))

    def day(self, stamp: str | datetime) -> str:
        """Write the day of an instant."""
        return str(format_date(_instant(stamp), "long", locale=self.locale))

    def moment(self, stamp: str | datetime) -> str:
        """Write an instant to the minute."""
        return str(format_datetime(_instant(stamp), "short", locale=self.locale))

    def refusal(self, refused: CodeRefused) -> str:
        """Say why a code is not taken."""
        facts: dict[str, Any] = dict(refused.facts)
        if "minimum" in facts:
            facts["minimum"] = self.money(minor(facts["minimum"], self.currency))
        return self(f"refused.{refused.reason}", **facts)

    def goods(self, handle: str, part: str, otherwise: str = "") -> str:
        """Return a product's title, blurb or text; what nobody described has none."""
        return _words(self.locale).get(f"goods.{handle}.{part}", otherwise)


def _instant(stamp: str | datetime) -> datetime:
    return datetime.fromisoformat(stamp) if isinstance(stamp, str) else stamp
