"""Lists of entries in the admin: rows are drawn, added, refused at their own input, previewed and stored as one version."""

import re

import pytest

from plugin.language import language
from plugin.setting_forms import form
from tests import stall
from tests.integration.admin.stage import Stage
from tests.integration.admin.test_settings_pages import dump
from tests.stall import StallSettings
from tests.unit.settings.test_rows import FULL, sent

PATH = "/admin/widgets/stall"
ROW = {
    "offers.abcdef.id": "",
    "offers.abcdef.title": "Ten off",
    "offers.abcdef.cost": "100",
    "offers.abcdef.kind": "percentage",
    "offers.abcdef.value": "10",
    "offers.abcdef.factor": "1",
    "offers.abcdef.shown": "true",
}


@pytest.fixture(autouse=True)
def _stall(monkeypatch: pytest.MonkeyPatch) -> None:
    stall.put_up(monkeypatch)


async def filled(stage: Stage, **changes: str) -> dict[str, str]:
    """What the form would send, with these inputs changed (__ for dots)."""
    current = await stage.current("stall")
    found = sent(form(current.value, language("en", "sie"), "EUR"))
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return {"version": str(current.number), **found, **named}


async def stored(stage: Stage) -> StallSettings:
    value = (await stage.current("stall")).value
    assert isinstance(value, StallSettings)
    return value


async def fill(stage: Stage) -> None:
    """Store the full section by its form."""
    found = await stage.post(PATH, {"version": "1", **sent(form(FULL, language("en", "sie"), "EUR"))})
    assert found.status_code == 200


async def test_a_row_is_asked_for_filled_in_and_stored_with_an_id_of_its_own(stage: Stage) -> None:
    await fill(stage)
    made = await stage.part(f"{PATH}/rows/offers")
    assert made.status_code == 200
    key = re.search(r'data-row="([a-z]{6})"', made.text)
    assert key is not None
    row = {name.replace("abcdef", key[1]): value for name, value in ROW.items()}
    assert {*row} <= {*re.findall(r'name="([^"]+)"', made.text)}
    found = await stage.post(PATH, {**await filled(stage), **row, "offers": f"0 1 {key[1]}"})
    assert found.status_code == 200
    assert [one.id for one in (await stored(stage)).offers] == ["spring", "share", f"ten-off-{key[1]}"]
    assert f'name="offers.2.id" value="ten-off-{key[1]}"' in found.text
    again = await stage.part(f"{PATH}/rows/offers")
    assert f'data-row="{key[1]}"' not in again.text


async def test_an_untouched_form_of_lists_makes_no_version(stage: Stage) -> None:
    await fill(stage)
    before = await stage.rows()
    assert (await stage.post(PATH, await filled(stage))).status_code == 200
    assert await stage.rows() == before
    assert await stored(stage) == FULL


async def test_rows_are_removed_together_with_what_else_changed(stage: Stage) -> None:
    await fill(stage)
    found = await stage.post(PATH, await filled(stage, offers="1", closed="", days__0="1"))
    assert found.status_code == 200
    value = await stored(stage)
    assert ([one.id for one in value.offers], value.closed, value.days) == (["share"], (), (1, 5))


async def test_a_wrong_value_is_told_at_the_input_of_its_row_and_nothing_is_stored(stage: Stage) -> None:
    await fill(stage)
    before = await stage.db.read(dump)
    found = await stage.post(PATH, await filled(stage, offers="1 0", offers__0__cost="0"), locale="de")
    assert found.status_code == 422
    assert re.search(
        r'<s-number-field id="field-offers-0-cost"[^>]* error="Bitte mindestens 1 eingeben."', found.text
    )
    assert found.text.count(' error="') == 1
    assert 'href="#field-offers-0-cost">Offers, Spring: Cost</s-link>' in found.text
    rows = re.findall(r'data-row="(\w+)">\s*<details( open)?>', found.text)
    assert rows == [("1", ""), ("0", " open")]
    assert 'name="offers" value="1 0"' in found.text
    assert await stage.db.read(dump) == before


async def test_the_preview_and_its_notes_follow_the_rows(stage: Stage) -> None:
    await fill(stage)
    page = await stage.part(PATH)
    assert re.search(r'id="note-offers-0-cost">= 500 for Spring<', page.text)
    typed = {**await filled(stage), **ROW, "offers": "abcdef 0"}
    found = await stage.post(f"{PATH}/preview", typed)
    assert found.status_code == 200
    assert "Ten off, Spring" in found.text
    assert 'id="note-offers-abcdef-cost" hx-swap-oob="true">= 100 for Ten off<' in found.text
    assert 'id="note-offers-0-cost" hx-swap-oob="true">= 500 for Spring<' in found.text
    assert 'id="note-least" hx-swap-oob="true"><' in found.text
    none = await stage.post(f"{PATH}/preview", {**await filled(stage), "offers": ""})
    assert "Nothing." in none.text
    assert await stored(stage) == FULL


async def test_the_slower_tab_reads_which_rows_it_had_meant(stage: Stage) -> None:
    await fill(stage)
    late = {
        **await filled(
            stage, offers="0 abcdef", offers__0__cost="7", closed="0 new", closed__new="2026-12-31"
        ),
        **ROW,
    }
    assert (await stage.post(PATH, await filled(stage, rate="2"))).status_code == 200
    found = await stage.post(PATH, late, locale="de")
    assert found.status_code == 409
    lost = re.findall(r"<s-list-item>(.*?)</s-list-item>", found.text)
    assert lost == [
        "Rate: 1.5",
        "Offers, Spring: Cost: 7",
        "Offers, Ten off: Name: Ten off",
        "Offers, Ten off: Cost: 100",
        "Offers, Ten off: What it is: A share",
        "Offers, Ten off: Worth: 10",
        "Offers, Ten off: Times: 1",
        "Offers, Ten off: Zu sehen: an",
        "Offers, A tenth: entfernt",
        "Closed on: 2026-12-31",
    ]
    assert 'name="offers" value="0 1"' in found.text


async def test_a_list_nobody_has_is_no_page_and_rows_are_a_merchants_alone(stage: Stage) -> None:
    for path in (
        f"{PATH}/rows/tags",
        f"{PATH}/rows/nothing",
        "/admin/shop/rows/tone",
        "/admin/widgets/x/rows/y",
    ):
        assert (await stage.part(path)).status_code == 404
    assert (await stage.client.get(f"{PATH}/rows/offers")).status_code == 401


async def test_what_is_typed_into_a_row_is_escaped(stage: Stage) -> None:
    await fill(stage)
    hostile = '"><script>alert(1)</script>'
    found = await stage.post(PATH, await filled(stage, offers__0__title=hostile, offers__0__cost="x"))
    assert found.status_code == 422
    assert "<script" not in found.text


async def test_ids_are_unique_with_rows_and_what_a_choice_decides(stage: Stage) -> None:
    await fill(stage)
    ids = re.findall(r'\sid="([^"]+)"', (await stage.document(PATH)).text)
    assert len(ids) == len(set(ids))


async def test_what_comes_back_is_said_beside_the_rate_and_each_reward_while_it_is_typed(
    stage: Stage,
) -> None:
    path, row = "/admin/widgets/loyalty", {"title": "A fiver", "cost": "200", "kind": "amount", "value": "5"}
    page = await stage.part(path)
    assert re.search(r'id="note-points_per_unit">What comes back can be told once', page.text)
    sent = dict(
        re.findall(
            r'name="(basis|points_per_unit|pending_days|expiry_months)"[^>]* value="([^"]*)"', page.text
        )
    )
    typed = {
        **sent,
        "points_per_unit": "1.5",
        "enabled": "true",
        "rewards": "abcdef",
        "rewards.abcdef.id": "",
    }
    typed |= {f"rewards.abcdef.{name}": value for name, value in row.items()}
    found = await stage.post(f"{path}/preview", {"version": "1", **typed})
    assert 'id="note-points_per_unit" hx-swap-oob="true">= 3.75% back, with “A fiver”<' in found.text
    assert 'id="note-rewards-abcdef-cost" hx-swap-oob="true">= 3.75% back<' in found.text
    assert (await stage.post(path, {"version": "1", **typed})).status_code == 200
    german = await stage.part(path, locale="de")
    assert 'id="note-rewards-0-cost">= 3,75\N{NO-BREAK SPACE}% zurück<' in german.text
