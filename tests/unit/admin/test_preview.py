"""A preview is what shoppers would read with these settings: the widget's own view and template, and nothing kept."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import widgets
from plugin.settings import Section, ShopSettings
from plugin.shops import Shop
from widgets import ALL, Preview, preview
from widgets.rehearsal import VOICES

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SHOP = Shop(
    7, "example", "example.myshopify.com", "Example", True, False, "example.com", "DE", NOW, False, b""
)
SETTINGS = ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from="2026-01-01")


def sections(name: str, **changes: Any) -> dict[str, Section]:
    found: dict[str, Section] = {one: widget.settings() for one, widget in ALL.items()}
    found[name] = found[name].model_copy(update=changes)
    return found


def rehearsed(name: str, locale: str = "de", settings: ShopSettings = SETTINGS, **changes: Any) -> Preview:
    return preview(SHOP, settings, sections(name, **changes), [name], locale, NOW)


every_widget = pytest.mark.parametrize("name", list(ALL))


@every_widget
def test_every_widget_is_shown_in_every_language_and_tone(name: str) -> None:
    shown = rehearsed(name).scenes
    assert {(scene.tag, scene.tone) for scene in shown} == set(VOICES)
    assert any(scene.html for scene in shown)
    for scene in shown:
        if scene.html:
            assert scene.html.startswith("<section")
            assert f'lang="{scene.tag}"' in scene.html


@every_widget
def test_du_and_sie_differ(name: str) -> None:
    texts = {(scene.surface, scene.tag, scene.tone): scene.html for scene in rehearsed(name).scenes}
    pairs = [
        (html, texts[surface, "de", "du"]) for (surface, tag, tone), html in texts.items() if tone == "sie"
    ]
    assert any(polite != familiar for polite, familiar in pairs)


@every_widget
def test_what_a_setting_brings_about_is_said(name: str) -> None:
    said = rehearsed(name).says
    assert said.keys() <= ALL[name].settings.model_fields.keys()
    assert said.keys() == ALL[name].says.keys()


def test_the_sentence_follows_the_setting() -> None:
    few, many = (
        rehearsed("loyalty", points_per_unit=Decimal(1)),
        rehearsed("loyalty", points_per_unit=Decimal(3)),
    )
    assert "49 Punkte" in few.says["points_per_unit"]
    assert "149 Punkte" in many.says["points_per_unit"]
    assert rehearsed("loyalty", "en", pending_days=0).says["pending_days"].endswith("You can spend them now.")


def test_the_sentence_speaks_the_merchants_language_in_the_shops_tone() -> None:
    familiar = SETTINGS.model_copy(update={"tone": "du"})
    assert "Ihnen" in rehearsed("loyalty").says["points_per_unit"]
    assert "dir" in rehearsed("loyalty", settings=familiar).says["points_per_unit"]


def test_a_widget_switched_off_shows_nobody_new_points() -> None:
    assert not any("49" in (scene.html or "") for scene in rehearsed("loyalty", enabled=False).scenes)


def test_what_the_shop_does_not_count_is_shown_all_the_same() -> None:
    later = SETTINGS.model_copy(update={"active_from": "2030-01-01"})
    assert "49" in rehearsed("loyalty", settings=later).says["points_per_unit"]


@pytest.mark.parametrize(
    ("currency", "zone"), [("JPY", "Asia/Tokyo"), ("KWD", "Asia/Kuwait"), ("EUR", "Etc/UTC")]
)
@every_widget
def test_every_currency_and_zone_has_a_preview(name: str, currency: str, zone: str) -> None:
    settings = SETTINGS.model_copy(update={"currency": currency, "time_zone": zone})
    assert any(scene.html for scene in rehearsed(name, settings=settings).scenes)


def test_a_shops_name_and_host_are_escaped() -> None:
    hostile = replace(SHOP, name='<b>"Käse"</b> 🧀', host='x"><script>alert(1)</script>')
    for scene in preview(hostile, SETTINGS, sections("loyalty"), list(ALL), "de", NOW).scenes:
        assert "<script" not in (scene.html or "")
        assert "<b>" not in (scene.html or "")


@every_widget
def test_two_previews_share_nothing_and_say_the_same(name: str) -> None:
    assert rehearsed(name) == rehearsed(name)


def test_the_figures_are_of_two_orders() -> None:
    first = rehearsed("loyalty")
    numbers = re.findall(r'class="big">([+\d]+)', first.scenes[3].html or "")
    assert numbers == ["299", "+49"]


def test_every_sentence_names_a_text_of_the_view() -> None:
    assert {name for name, widget in ALL.items() if widget.says} <= widgets.ALL.keys()
    assert ALL["loyalty"].says
