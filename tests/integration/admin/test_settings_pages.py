"""Settings in the admin: one version for each change, every refusal at its field, two tabs, previews that keep nothing."""

import asyncio
import html
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import Connection, select

import widgets
from plugin import schema
from plugin.language import language
from plugin.setting_forms import form
from plugin.setting_patches import typed_amount
from plugin.settings import ShopSettings
from tests.integration.admin.stage import PART, Stage

PATHS = {name: f"/admin/widgets/{name}" for name in widgets.ALL} | {"shop": "/admin/shop"}


async def filled(stage: Stage, section: str, **changes: str | None) -> dict[str, str]:
    """What the section's form would send, with these fields changed; None leaves one out."""
    current, shop = await stage.current(section), (await stage.current("shop")).value
    assert isinstance(shop, ShopSettings)
    fields = [one for one in form(current.value, language("en", "sie"), shop.currency) if not one.off]
    typed = [place for one in fields for place in one.places or (one,)]
    sent = {one.name: one.value for one in typed if one.kind != "switch"}
    sent |= {one.name: "true" for one in fields if one.kind == "switch" and one.checked}
    merged = {"version": str(current.number), **sent, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def dump(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Everything the database holds, but for who looked at it."""
    return {
        table.name: sorted((tuple(row) for row in conn.execute(select(table))), key=repr)
        for table in schema.load().sorted_tables
        if table.name != "access_log"
    }


async def test_the_form_holds_every_setting_and_its_version(stage: Stage) -> None:
    for section in PATHS:
        found = await stage.part(PATHS[section])
        assert found.status_code == 200
        inputs = re.findall(r'\sname="([^"]+)"', found.text)
        names = {name.partition(".")[0] for name in inputs}
        assert names == {"version", *widgets.SECTIONS[section].model_fields}
        assert '<input type="hidden" name="version" value="1">' in found.text
        assert "data-save-bar" in found.text


async def test_what_a_form_sends_untouched_changes_nothing(stage: Stage) -> None:
    for section in PATHS:
        before = await stage.rows()
        found = await stage.post(PATHS[section], await filled(stage, section))
        assert found.status_code == 200
        assert await stage.rows() == before


async def test_the_preview_of_an_untouched_form_is_the_page_s_own(stage: Stage) -> None:
    for section in PATHS:
        page = await stage.part(PATHS[section])
        found = await stage.post(f"{PATHS[section]}/preview", await filled(stage, section))
        assert found.status_code == 200
        shown = found.text[
            : found.text.index("</section>\n<p class") if '<p class="says"' in found.text else None
        ]
        scenes = re.findall(r"<div hx-ignore>.*?</section></div>", shown, re.DOTALL)
        assert scenes
        assert all(scene in page.text for scene in scenes)


async def test_a_change_makes_exactly_one_version(stage: Stage) -> None:
    before = await stage.rows()
    sent = await filled(stage, "loyalty", pending_days="3", points_per_unit="1.5")
    found = await stage.post(PATHS["loyalty"], sent)
    assert found.status_code == 200
    assert found.text.startswith('<div id="fields">')
    assert 'name="version" value="2"' in found.text
    current = await stage.current("loyalty")
    assert (current.number, getattr(current.value, "pending_days", None)) == (2, 3)
    assert await stage.rows() == before + 1
    again = await stage.post(PATHS["loyalty"], {**sent, "version": "2"})
    assert again.status_code == 200
    assert await stage.rows() == before + 1
    assert (await stage.current("loyalty", stage.other)).number == 1


async def test_what_was_saved_is_said_for_a_moment_in_the_merchants_language(stage: Stage) -> None:
    sent = await filled(stage, "loyalty", pending_days="3")
    found = await stage.post(PATHS["loyalty"], sent, locale="de")
    assert unquote(found.headers["dankbar-toast"]) == "Gespeichert."


async def test_a_switch_left_out_is_off(stage: Stage) -> None:
    await stage.post(PATHS["loyalty"], await filled(stage, "loyalty", enabled=None))
    assert getattr((await stage.current("loyalty")).value, "enabled", None) is False
    found = await stage.part(PATHS["loyalty"])
    assert "checked" not in re.search(r'<s-switch id="field-enabled"[^>]*>', found.text)[0]  # type: ignore[index]


WRONG = [
    ("loyalty", "pending_days", "-1"),
    ("loyalty", "pending_days", ""),
    ("loyalty", "pending_days", "many"),
    ("loyalty", "points_per_unit", "1.2345"),
    ("loyalty", "basis", "neither"),
    ("shop", "time_zone", "Europe/Nowhere"),
    ("shop", "currency", "XYZ"),
    ("shop", "active_from", "31.12.2026"),
]


async def test_a_wrong_value_is_named_at_its_field_and_changes_nothing(stage: Stage) -> None:
    before = await stage.db.read(dump)
    for section, name, value in WRONG:
        found = await stage.post(PATHS[section], await filled(stage, section, **{name: value}), locale="de")
        assert found.status_code == 422
        tag = re.search(rf'<s-[\w-]+ id="field-{name}"[^>]*>', found.text)
        assert tag is not None
        assert ' error="' in tag[0]
        assert found.text.count(' error="') == 1
        assert f'href="#field-{name}"' in found.text
        assert "1 Wert passt nicht. Es wurde nichts gespeichert." in found.text
        assert "dankbar-toast" not in found.headers
    assert await stage.db.read(dump) == before


@pytest.mark.parametrize(
    ("currency", "typed", "least", "minor", "said"),
    [
        ("EUR", "4,50", "20", (450, 2000), "4,50\xa0€ auf Ihre"),
        ("JPY", "500", "3000", (500, 3000), "500\xa0¥ auf Ihre"),
        ("KWD", "1.250", "10", (1250, 10_000), "1,250\xa0KWD auf Ihre"),
    ],
)
async def test_a_coupons_amount_is_typed_as_money_and_kept_in_minor_units(
    stage: Stage, currency: str, typed: str, least: str, minor: tuple[int, int], said: str
) -> None:
    now = datetime.now(UTC)
    await stage.db.write(
        lambda conn: widgets.change_settings(conn, stage.shop.id, "shop", {"currency": currency}, now)
    )
    sent = await filled(stage, "coupon", kind="amount", value=typed, minimum_subtotal=least)
    found = await stage.post(f"{PATHS['coupon']}/preview", sent, locale="de")
    assert said in found.text
    assert (await stage.post(PATHS["coupon"], sent)).status_code == 200
    kept = (await stage.current("coupon")).value.model_dump()
    assert (kept["value"], kept["minimum_subtotal"]) == minor
    page = (await stage.part(PATHS["coupon"])).text
    field = re.search(r'<s-money-field id="field-value--amount"[^>]*>', page)
    assert field is not None
    assert f'currencyCode="{currency}"' in field[0]
    assert typed_amount(re.search(r' value="([^"]*)"', field[0])[1], currency) == minor[0]  # type: ignore[index]
    assert re.search(r'<s-number-field id="field-value--percentage"[^>]* suffix="%"[^>]* disabled', page)


async def test_a_share_over_the_whole_and_an_amount_of_nothing_are_refused_at_the_field_in_use(
    stage: Stage,
) -> None:
    before = await stage.rows()
    for kind, value, text in (
        ("percentage", "101", "Bitte höchstens 100 Prozent eingeben."),
        ("amount", "0", "Bitte mindestens 0,01\xa0€ eingeben."),
        ("amount", "viel", "Bitte einen Betrag wie 12,50\xa0€ eingeben."),
    ):
        sent = await filled(stage, "coupon", kind=kind, value=value, minimum_subtotal="50")
        found = await stage.post(PATHS["coupon"], sent, locale="de")
        assert found.status_code == 422
        field = re.search(rf'<s-[a-z]+-field id="field-value--{kind}"[^>]*>', found.text)
        assert field is not None
        assert f'error="{text}"' in field[0]
        assert f'value="{value}"' in field[0]
    assert await stage.rows() == before


async def test_after_a_refusal_everything_typed_is_still_there(stage: Stage) -> None:
    typed = '"><script>alert(1)</script> 🧀'
    sent = await filled(stage, "loyalty", enabled=None, pending_days=typed, expiry_months="7")
    found = await stage.post(PATHS["loyalty"], sent)
    assert found.status_code == 422
    assert "<script" not in found.text
    assert html.escape(typed).replace("&#x27;", "&#39;") in found.text.replace("&#34;", "&quot;")
    assert 'value="7"' in found.text
    assert "checked" not in re.search(r'<s-switch id="field-enabled"[^>]*>', found.text)[0]  # type: ignore[index]
    assert 'name="version" value="1"' in found.text


async def test_the_slower_of_two_tabs_sees_the_newer_values_and_what_it_had_entered(stage: Stage) -> None:
    early = await filled(stage, "loyalty", pending_days="3")
    late = await filled(stage, "loyalty", pending_days="21", enabled=None)
    assert (await stage.post(PATHS["loyalty"], early)).status_code == 200
    before = await stage.rows()
    found = await stage.post(PATHS["loyalty"], late, locale="de")
    assert found.status_code == 409
    assert "Diese Einstellungen wurden inzwischen in einem anderen Tab geändert." in found.text
    assert 'name="version" value="2"' in found.text
    assert re.search(r'name="pending_days"[^>]* value="3"', found.text)
    lost = re.findall(r"<s-list-item>(.*?)</s-list-item>", found.text)
    assert lost == ["Punkte eingeschaltet: aus", "Tage, bis Punkte einlösbar sind: 21"]
    assert await stage.rows() == before
    again = await stage.post(PATHS["loyalty"], {**late, "version": "2"})
    assert again.status_code == 200
    assert getattr((await stage.current("loyalty")).value, "pending_days", None) == 21


async def test_two_tabs_at_the_same_moment_never_overwrite_each_other(stage: Stage) -> None:
    forms = [await filled(stage, "loyalty", pending_days=str(days)) for days in range(1, 7)]
    found = await asyncio.gather(*(stage.post(PATHS["loyalty"], one) for one in forms))
    assert sorted(one.status_code for one in found) == [200, *[409] * 5]
    assert (await stage.current("loyalty")).number == 2


async def test_a_stale_form_that_asks_for_what_holds_is_no_conflict(stage: Stage) -> None:
    sent = await filled(stage, "loyalty", pending_days="3")
    assert [(await stage.post(PATHS["loyalty"], sent)).status_code for _ in range(2)] == [200, 200]
    assert (await stage.current("loyalty")).number == 2


async def test_a_form_without_its_version_is_refused(stage: Stage) -> None:
    before = await stage.rows()
    for version in (None, "", "-1", "1.5", "9" * 20):
        found = await stage.post(PATHS["loyalty"], await filled(stage, "loyalty", version=version))
        assert found.status_code == 422
    assert await stage.rows() == before


async def test_a_preview_never_writes(stage: Stage) -> None:
    await stage.tell(1001)
    before = await stage.db.read(dump)
    for section, path in PATHS.items():
        for changes in ({}, {"enabled": None}, {"tone": "du"}, {"pending_days": "1"}, {"pending_days": "x"}):
            known = {k: v for k, v in changes.items() if k in widgets.SECTIONS[section].model_fields}
            found = await stage.post(f"{path}/preview", await filled(stage, section, **known))
            assert found.status_code in {200, 422}
    assert await stage.db.read(dump) == before


async def test_the_preview_follows_what_is_typed(stage: Stage) -> None:
    sent = await filled(stage, "loyalty", points_per_unit="3")
    found = await stage.post(f"{PATHS['loyalty']}/preview", sent, locale="de")
    assert "bringt Ihnen 149 Punkte" in found.text
    assert "bringt dir 149 Punkte" in found.text
    assert "brings you 149 points" in found.text
    assert re.search(r'id="says-points_per_unit" hx-swap-oob="true">[^<]*149 Punkte', found.text)
    page = await stage.part(PATHS["loyalty"], locale="de")
    assert "49 Punkte" in page.text
    assert "149 Punkte" not in page.text


async def test_the_preview_waits_quietly_for_a_value_that_can_be_used(stage: Stage) -> None:
    sent = await filled(stage, "loyalty", points_per_unit="-3")
    found = await stage.post(f"{PATHS['loyalty']}/preview", sent, locale="de")
    assert found.status_code == 422
    assert found.text == (
        '<p id="preview-note" class="note" role="status">Die Vorschau folgt, sobald alle Werte passen.</p>'
    )


async def test_ids_are_unique_although_fragments_stand_several_times(stage: Stage) -> None:
    for path in PATHS.values():
        found = await stage.document(path)
        ids = re.findall(r'\sid="([^"]+)"', found.text)
        assert len(ids) == len(set(ids))


async def test_switching_a_widget_off_says_that_shoppers_see_nothing_new(stage: Stage) -> None:
    sent = await filled(stage, "loyalty", enabled=None)
    found = await stage.post(f"{PATHS['loyalty']}/preview", sent)
    assert "49 points" not in found.text


FORM = "application/x-www-form-urlencoded"
STRANGE = [
    (b"version=1&version=2", FORM, 422),
    (b"version=%ff", FORM, 422),
    (b'{"version": 1}', "application/json", 422),
    (b"x=" + b"y" * 300_000, FORM, 413),
    (b"&".join(b"f%d=1" % n for n in range(6000)), FORM, 422),
]


async def test_a_form_that_no_page_sends_is_refused_in_a_sentence(stage: Stage) -> None:
    before = await stage.rows()
    for body, kind, status in STRANGE:
        headers = {**PART, "Content-Type": kind, **stage.bearer()}
        found = await stage.client.post(PATHS["loyalty"], content=body, headers=headers)
        assert found.status_code == status
        assert "data-problem" in found.text
    assert await stage.rows() == before


async def test_the_page_of_points_leads_to_the_stamp_card_and_to_what_is_open(stage: Stage) -> None:
    now = datetime.now(UTC)

    def stamps(conn: Connection) -> None:
        widgets.change_settings(conn, stage.shop.id, "coupon", {"stamp_every": 5}, now)

    await stage.db.write(stamps)
    page = re.sub(r"\s+", " ", (await stage.part(PATHS["loyalty"], locale="de")).text)
    card = re.search(
        r'<s-link href="(/admin/widgets/coupon\?[^"]*#field-stamp_every)">[^<]*</s-link> <s-text[^>]*>5<',
        page,
    )
    assert card is not None
    assert "bekannt nach der ersten nächtlichen Prüfung" in page
    assert "/admin/ledger?" in page
    assert (await stage.post("/admin/ledger/verify")).status_code == 200
    assert "0 einlösbar und 0 unterwegs" in (await stage.part(PATHS["loyalty"], locale="de")).text
    assert "Gehört dazu" not in (await stage.part(PATHS["shop"], locale="de")).text
