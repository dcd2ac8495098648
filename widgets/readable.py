"""A person's record as people read it: each activity with what is kept, in words, dates and amounts instead of keys."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from plugin.language import LOCALES, Language
from widgets.fragment import sheet
from widgets.record_words import LABELS, VALUES
from widgets.records import Entry, Kept, Record

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9:]+)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONEY = frozenset({"price", "subtotal", "tax", "outstanding", "discounts", "discrepancy", "on_amount"})
"""Amounts in minor units, whose currency is their record's or else the shop's."""

_NAMES = frozenset({"number"})
"""Whole numbers that name something and are no amount."""


def readable(
    exported: Mapping[str, Any], language: Language, zone: ZoneInfo, currency: str, now: datetime
) -> Record:
    """Return an export (``widgets.export``) in words; times are on the clock of the zone."""
    words = _Words(language.of(LOCALES), zone, currency)
    kept = [
        Kept(
            what=one["what"],
            purpose=one["purpose"],
            basis=one["basis"],
            retention=one["retention"],
            recipients=tuple(one["recipients"]),
            records=tuple(
                Entry("", "", words.parts(record, words.currency_of(record))) for record in one["records"]
            ),
        )
        for one in exported["data"]
    ]
    kept.sort(key=lambda one: not one.records)
    made_on = language.long_date(now.astimezone(zone).date())
    return Record(exported["shop"], tuple(exported["customers"]), tuple(kept), made_on)


def readable_page(
    exported: Mapping[str, Any], language: Language, zone: ZoneInfo, currency: str, now: datetime
) -> str:
    """Return the same as one HTML document that needs nothing else, to be kept, sent or printed."""
    record = readable(exported, language, zone, currency, now)
    return sheet("shared/record_sheet.html", record, language.of(LOCALES))


@dataclass(frozen=True, slots=True)
class _Words:
    language: Language
    zone: ZoneInfo
    currency: str

    def currency_of(self, record: Mapping[str, Any]) -> str:
        own = record.get("currency")
        return own if isinstance(own, str) else self.currency

    def parts(self, record: Mapping[str, Any], currency: str) -> tuple[Entry, ...]:
        return tuple(
            self.entry(key, value, currency) for key, value in record.items() if value not in (None, "", [])
        )

    def entry(self, key: str, value: object, currency: str) -> Entry:
        label = self.label(key)
        if isinstance(value, Mapping):
            return Entry(label, "", self.parts(value, currency))
        if isinstance(value, Sequence) and not isinstance(value, str):
            if any(isinstance(one, Mapping) for one in value):
                parts = tuple(Entry("", "", self.parts(one, currency)) for one in value)
                return Entry(label, "", parts)
            return Entry(label, ", ".join(self.text(key, one, currency) for one in value))
        return Entry(label, self.text(key, value, currency))

    def label(self, key: str) -> str:
        known = LABELS.get(key)
        return self.language.gettext(known) if known else key.replace("_", " ")

    def text(self, key: str, value: object, currency: str) -> str:
        if isinstance(value, bool):
            word = VALUES["yes"] if value else VALUES["no"]
            return self.language.gettext(word)
        if isinstance(value, int):
            if key in _NAMES:
                return str(value)
            money = key in _MONEY
            return self.language.money(value, currency) if money else self.language.number(value)
        text = str(value)
        if _MOMENT.fullmatch(text):
            at = datetime.fromisoformat(text).astimezone(self.zone)
            return f"{self.language.long_date(at.date())}, {at:%H:%M}"
        if _DAY.fullmatch(text):
            return self.language.long_date(date.fromisoformat(text))
        known = VALUES.get(text)
        return self.language.gettext(known) if known else text
