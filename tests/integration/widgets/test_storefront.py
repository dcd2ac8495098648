"""Widgets on the storefront: fragments, JSON, many at once, and how much a shop may ask."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import httpx
import pytest

import widgets
from plugin.errors import TooMany
from plugin.language import language
from plugin.peers import Peers
from plugin.settings_cache import AGE, SettingsCache
from plugin.shops import record_uninstall
from tests.integration.widgets.stage import CUSTOMER, PREFIX, Stage, app_of, facts
from widgets import ALL
from widgets.display import PER_SHOP
from widgets.rates import Rates
from widgets.registry import SECTIONS


class Roots(HTMLParser):
    """Collects the elements that stand outside any other."""

    VOID = frozenset({"br", "hr", "img", "input", "path", "meta", "link"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.depth = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth == 0:
            self.found.append((tag, dict(attrs)))
        self.depth += tag not in self.VOID

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag not in self.VOID

    def handle_data(self, data: str) -> None:
        if self.depth == 0 and data.strip():
            self.found.append(("text", {}))


async def test_a_fragment_is_one_section_that_names_widget_and_language(stage: Stage) -> None:
    answer = await stage.proxy("/loyalty", locale="de-CH")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    [(tag, attributes)] = Roots(answer.text).found
    assert tag == "section"
    assert attributes["id"] == "dankbar-loyalty"
    assert attributes["data-dankbar"] == "loyalty"
    assert attributes["lang"] == "de"


async def test_json_says_the_same_and_keeps_figures_from_strangers(stage: Stage) -> None:
    await stage.tell(facts(stage.now))
    stranger = (await stage.proxy("/loyalty.json")).json()
    assert stranger["text"]
    assert stranger.get("available") is None
    mine = (await stage.proxy("/loyalty.json", CUSTOMER)).json()
    assert (mine["available"], mine["pending"], mine["debt"]) == (0, 49, 0)


async def test_points_on_their_way_say_from_which_day(stage: Stage) -> None:
    """Fourteen days after the local day of the order; what was refunded is not waited for."""

    def day(days: int) -> str:
        local = (stage.now + timedelta(days=days)).astimezone(ZoneInfo("Europe/Berlin")).date()
        return language("de", "sie").day(local)

    async def figures() -> list[list[str]]:
        found: list[list[str]] = (await stage.proxy("/loyalty.json", CUSTOMER, locale="de")).json()["figures"]
        return found

    await stage.tell(facts(stage.now))
    assert await figures() == [["einlösbar", "0"], [f"unterwegs, ab {day(14)}", "+49"]]
    earlier = stage.now - timedelta(days=3)
    await stage.tell(facts(stage.now, 1002, created_at=earlier, processed_at=earlier))
    assert await figures() == [["einlösbar", "0"], [f"unterwegs, die ersten ab {day(11)}", "+98"]]
    cancelled = facts(stage.now, 1002, created_at=earlier, processed_at=earlier, cancelled_at=stage.now)
    await stage.tell(replace(cancelled, updated_at=stage.now + timedelta(seconds=5)))
    assert await figures() == [["einlösbar", "0"], [f"unterwegs, ab {day(14)}", "+49"]]


async def test_many_widgets_are_one_answer(stage: Stage) -> None:
    answer = (await stage.proxy("", names="loyalty,nothing")).json()
    assert answer["loyalty"].startswith('<section id="dankbar-loyalty" data-dankbar="loyalty" lang="')
    assert answer["nothing"] is None
    assert (await stage.proxy("")).json() == {}
    assert (await stage.proxy("", names=",".join(map(str, range(21))))).status_code == 422


async def test_a_widget_has_nothing_to_show_where_it_has_no_place(stage: Stage) -> None:
    assert (await stage.proxy("/loyalty", surface="cart")).status_code == 204
    assert (await stage.proxy("/loyalty.json", surface="cart")).status_code == 204
    assert (await stage.proxy("", names="loyalty", surface="cart")).json() == {"loyalty": None}
    assert (await stage.proxy("/loyalty", surface="thank_you")).status_code == 422


async def test_unknown_widgets_and_shops_are_not_found(stage: Stage) -> None:
    assert (await stage.proxy("/nothing")).status_code == 404
    assert (await stage.proxy("/nothing.json")).status_code == 404
    assert (await stage.client.get(stage.proxy_url("/loyalty", shop="stranger"))).status_code == 404
    await stage.db.write(lambda conn: record_uninstall(conn, stage.shop.id, stage.now, stage.now))
    stage.display.cache.forget(stage.shop.handle)
    assert (await stage.proxy("/loyalty")).status_code == 404


async def test_an_unsigned_address_is_refused_before_anything_is_looked_up(stage: Stage) -> None:
    for path in ("/loyalty", "/loyalty.json", "/nothing", ""):
        assert (await stage.client.get(f"/proxy/widgets{path}")).status_code == 401
        forged = stage.proxy_url(path).replace(PREFIX.replace("/", "%2F"), "%2Fother")
        assert (await stage.client.get(forged)).status_code == 401


async def test_a_change_of_tone_is_shown(stage: Stage) -> None:
    formal = (await stage.proxy("/loyalty.json", locale="de")).json()["text"]
    await stage.change("shop", tone="du")
    assert (await stage.proxy("/loyalty.json", locale="de")).json()["text"] != formal


async def test_the_next_request_of_that_second_is_refused_for_that_shop_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.proxy("/loyalty")
    clock = FrozenTime()
    monkeypatch.setattr("limits.storage.memory.time", clock)
    for _ in range(PER_SHOP):
        assert (await stage.proxy("/loyalty")).status_code == 200
    assert (await stage.proxy("/loyalty")).status_code == 429
    assert (await stage.account(CUSTOMER)).status_code == 429
    assert (await stage.client.get(stage.proxy_url("/loyalty", shop="stranger"))).status_code == 404
    unproved = await stage.client.get("/proxy/widgets/loyalty")
    assert unproved.status_code == 401
    clock.now += 1.01
    assert (await stage.proxy("/loyalty")).status_code == 200


class FrozenTime:
    """The clock of the moving window, which stands still until it is moved."""

    now = 1_900_000_000.0

    def time(self) -> float:
        return self.now


async def test_redis_shares_the_window_between_processes_and_may_die(redis_url: str) -> None:
    peers = Peers(redis_url), Peers(redis_url), Peers("redis://127.0.0.1:1/0")
    one, other, dead = map(Rates, peers)
    for _ in range(5):
        await one.admit(10, 60, "shop", "x")
        await other.admit(10, 60, "shop", "x")
    with pytest.raises(TooMany):
        await one.admit(10, 60, "shop", "x")
    for _ in range(10):
        await dead.admit(10, 60, "shop", "x")
    with pytest.raises(TooMany):
        await dead.admit(10, 60, "shop", "x")
    for each in peers:
        await each.close()


def test_every_widget_has_a_place() -> None:
    assert all(widget.surfaces for widget in ALL.values())


async def test_a_change_that_rings_is_shown_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.display.cache, "_clock", lambda: 0.0)
    address = stage.proxy_url("/loyalty.json", query={"locale": "de"})
    before = (await stage.client.get(address)).json()["text"]
    patch = {"tone": "du"}
    await stage.db.write(
        lambda conn: widgets.change_settings(conn, stage.shop.id, "shop", patch, datetime.now(UTC))
    )
    assert (await stage.client.get(address)).json()["text"] == before
    stage.display.bells.ring("settings:example")
    assert (await stage.client.get(address)).json()["text"] != before


async def test_two_processes_show_a_change_within_a_second(stage: Stage) -> None:
    instant = [0.0]
    cache = SettingsCache(stage.db, SECTIONS.values(), lambda: instant[0])
    other = replace(stage.display, cache=cache)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app_of(other)), base_url="http://other"
    ) as client:
        before = (await client.get(stage.proxy_url("/loyalty.json", query={"locale": "de"}))).json()["text"]
        await stage.change("shop", tone="du")
        instant[0] = AGE
        assert (await client.get(stage.proxy_url("/loyalty.json", query={"locale": "de"}))).json()[
            "text"
        ] == before
        instant[0] = AGE + 0.01
        assert (await client.get(stage.proxy_url("/loyalty.json", query={"locale": "de"}))).json()[
            "text"
        ] != before
