from datetime import time
from decimal import Decimal
from typing import Literal

import pytest
from pydantic import Field

from plugin.errors import Invalid
from plugin.language import language
from plugin.setting_forms import form
from plugin.setting_patches import patch_of, typed_amount
from plugin.settings import Section, ShopSettings, validated


class Stall(Section):
    section = "stall"

    enabled: bool = True
    kind: Literal["percentage", "amount"] = Field(
        "percentage", json_schema_extra={"labels": {"percentage": "Percent"}}
    )
    rate: Decimal = Field(default=Decimal("1.5"), ge=0, le=1000, decimal_places=3)
    days: int = Field(default=30, ge=1)
    least: int = Field(default=1250, ge=0, le=100_000, json_schema_extra={"unit": "money"}, title="From")
    opens: time = time(14)
    steps: tuple[int, ...] = (1, 2)
    note: str | None = None


GERMAN = language("de", "sie")


def test_a_section_is_a_form_of_typed_fields() -> None:
    fields = {field.name: field for field in form(Stall(), GERMAN, "EUR")}
    kinds = {name: (field.kind, field.value) for name, field in fields.items()}
    assert kinds == {
        "enabled": ("switch", ""),
        "kind": ("choice", "percentage"),
        "rate": ("number", "1.5"),
        "days": ("number", "30"),
        "least": ("money", "12.50"),
        "opens": ("time", "14:00"),
        "steps": ("words", "1, 2"),
        "note": ("text", ""),
    }
    assert fields["enabled"].checked
    assert fields["kind"].choices == (("percentage", "Percent"), ("amount", "amount"))
    assert (fields["rate"].step, fields["rate"].least, fields["rate"].most) == ("0.001", "0", "1000")
    assert (fields["least"].step, fields["least"].most) == ("0.01", "1000.00")
    assert (fields["days"].step, fields["days"].least, fields["days"].most) == ("1", "1", None)


def test_money_is_shown_by_the_places_of_its_currency() -> None:
    fields = {field.name: field for field in form(Stall(), GERMAN, "JPY")}
    assert (fields["least"].value, fields["least"].step) == ("1250", "1")


def test_the_shops_own_section_speaks_german() -> None:
    fields = {
        field.name: field
        for field in form(
            ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from="2026-12-05"), GERMAN, "EUR"
        )
    }
    assert fields["time_zone"].title == "Zeitzone"
    assert fields["tone"].choices == (("sie", "höflich: Sie"), ("du", "freundschaftlich: du"))


def test_an_unchanged_form_changes_nothing() -> None:
    stored = Stall()
    submitted = {field.name: field.value for field in form(stored, GERMAN, "EUR") if field.kind != "switch"}
    patch = patch_of(Stall, submitted | {"enabled": "on"}, "EUR", GERMAN)
    assert validated(Stall, stored, patch) == stored


def test_an_unchecked_switch_is_off_and_money_is_typed_in_units() -> None:
    patch = patch_of(Stall, {"least": "30,5"}, "EUR", GERMAN)
    changed = validated(Stall, Stall(), patch)
    assert (changed.enabled, changed.least) == (False, 3050)


@pytest.mark.parametrize(
    ("typed", "currency", "amount"),
    [
        ("12,50", "EUR", 1250),
        (" 12.5 ", "EUR", 1250),
        ("12", "EUR", 1200),
        ("-0,5", "EUR", -50),
        ("1250", "JPY", 1250),
        ("1,250", "KWD", 1250),
        ("0.001", "KWD", 1),
    ],
)
def test_an_amount_is_typed_by_the_places_of_its_currency(typed: str, currency: str, amount: int) -> None:
    assert typed_amount(typed, currency) == amount


@pytest.mark.parametrize(
    ("typed", "currency", "example"),
    [
        ("", "EUR", "12,50 €"),
        ("viel", "EUR", "12,50 €"),
        ("1,005", "EUR", "12,50 €"),
        ("1,000", "EUR", "12,50 €"),
        ("1.000,00", "EUR", "12,50 €"),
        ("1e3", "EUR", "12,50 €"),
        ("NaN", "EUR", "12,50 €"),
        ("\N{ARABIC-INDIC DIGIT THREE}", "EUR", "12,50 €"),
        ("1,000", "JPY", "1.250 ¥"),
        ("9.5", "JPY", "1.250 ¥"),
        ("1,2345", "KWD", "12,500 KWD"),
    ],
)
def test_an_amount_that_is_none_is_refused_with_one_that_is(typed: str, currency: str, example: str) -> None:
    with pytest.raises(Invalid) as refused:
        patch_of(Stall, {"least": typed}, currency, GERMAN)
    told = refused.value.fields["least"].replace("\N{NO-BREAK SPACE}", " ")
    assert told == f"Bitte einen Betrag wie {example} eingeben."


@pytest.mark.parametrize(
    ("typed", "currency", "text"),
    [
        ("-0,01", "EUR", "Bitte mindestens 0 € eingeben."),
        ("1000,01", "EUR", "Bitte höchstens 1.000 € eingeben."),
        ("100001", "JPY", "Bitte höchstens 100.000 ¥ eingeben."),
        ("100,001", "KWD", "Bitte höchstens 100 KWD eingeben."),
    ],
)
def test_the_bounds_of_an_amount_are_told_as_amounts(typed: str, currency: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        patch_of(Stall, {"least": typed}, currency, GERMAN)
    assert refused.value.fields["least"].replace("\N{NO-BREAK SPACE}", " ") == text


def test_a_refused_form_keeps_what_was_typed_and_says_why() -> None:
    shown = form(
        Stall(), GERMAN, "EUR", typed={"days": "viele"}, errors={"days": "Bitte eine ganze Zahl eingeben."}
    )
    days = next(field for field in shown if field.name == "days")
    assert (days.value, days.error) == ("viele", "Bitte eine ganze Zahl eingeben.")
