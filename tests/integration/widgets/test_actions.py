"""What a shopper does goes through one gate: who may, from where, how often, and all or nothing."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, select

import widgets
from plugin import tasks
from plugin.database import Database
from plugin.errors import Conflict, Invalid
from plugin.shops import shop_key
from plugin.tasks import task
from tests.integration.widgets.stage import CUSTOMER, Stage, config, open_stage
from widgets import ALL, Context
from widgets.action_token import action_token
from widgets.base import Route
from widgets.loyalty.settings import LoyaltySettings


@dataclass(frozen=True, slots=True)
class Noted:
    """What the probe's action did."""

    note: str
    customer: str
    enabled: bool


def note(conn: Connection, ctx: Context, settings: LoyaltySettings, form: Mapping[str, str]) -> Noted:
    """Write something down, and think better of it when asked to."""
    if "note" not in form:
        raise Invalid("Say what to note.", fields={"note": "Missing."})
    wanted = tasks.Wanted(ctx.shop.id, "probe", form["note"], ctx.now, {})
    tasks.enqueue(conn, [wanted], ctx.now)
    if form["note"] == "taken":
        raise Conflict("This was noted before.")
    return Noted(form["note"], str(ctx.customer_id), settings.enabled)


PROBE = replace(ALL["loyalty"], actions=(Route("/note", note, per_minute=5),))


@pytest.fixture
async def stage(db: Database, database_url: str) -> AsyncIterator[Stage]:
    made = await open_stage(db, config(database_url), datetime.now(UTC).replace(microsecond=0), [PROBE])
    yield made
    await made.close()


def token(stage: Stage, customer: int = CUSTOMER, ago: timedelta = timedelta()) -> str:
    key = shop_key(stage.display.keyring, stage.shop)
    return action_token(key, stage.shop.id, customer, datetime.now(UTC) - ago)


async def noted(stage: Stage) -> list[str]:
    return await stage.db.read(
        lambda conn: list(conn.execute(select(task.c.key).order_by(task.c.key)).scalars())
    )


async def test_a_form_of_the_shops_own_page_is_done_and_answered_as_asked(stage: Stage) -> None:
    form = {"note": "grüße", "action_token": token(stage)}
    answer = await stage.act("/loyalty/note", form, CUSTOMER, accept="application/json")
    assert answer.status_code == 200
    assert answer.json() == {"note": "grüße", "customer": str(CUSTOMER), "enabled": True}
    html = await stage.act("/loyalty/note", form, CUSTOMER, accept="text/html")
    assert html.text.startswith('<section id="dankbar-loyalty" data-dankbar="loyalty" lang="')
    assert await noted(stage) == ["grüße"]


async def test_the_settings_of_this_very_moment_hold(stage: Stage) -> None:
    await stage.proxy("/loyalty", CUSTOMER)
    await stage.db.write(lambda conn: _switch_off(conn, stage))
    form = {"note": "now", "action_token": token(stage)}
    answer = await stage.act("/loyalty/note", form, CUSTOMER, accept="application/json")
    assert answer.json()["enabled"] is False


def _switch_off(conn: Connection, stage: Stage) -> None:

    widgets.change_settings(conn, stage.shop.id, "loyalty", {"enabled": "false"}, stage.now)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin"},
        {"origin": "https://example.myshopify.com"},
        {"origin": "https://EXAMPLE.myshopify.com", "sec_fetch_site": "same-origin"},
        {"origin": "http://127.0.0.1:9100", "x_forwarded_host": "127.0.0.1:9100"},
        {},
    ],
)
async def test_the_shops_own_page_may(stage: Stage, headers: dict[str, str]) -> None:
    form = {"note": "a", "action_token": token(stage)}
    assert (await stage.act("/loyalty/note", form, CUSTOMER, **headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "https://example.myshopify.com.evil.example"},
        {"origin": "https://example.myshopify.com", "sec_fetch_site": "cross-site"},
        {"origin": "https://evil.example", "sec_fetch_site": "same-origin"},
    ],
)
async def test_another_sites_page_may_not(stage: Stage, headers: dict[str, str]) -> None:
    form = {"note": "a", "action_token": token(stage)}
    assert (await stage.act("/loyalty/note", form, CUSTOMER, **headers)).status_code == 403
    assert await noted(stage) == []


async def test_the_page_must_be_this_customers_and_fresh(stage: Stage) -> None:
    for bad in ("", "x" * 64, token(stage, CUSTOMER + 1), token(stage, ago=timedelta(hours=2))):
        answer = await stage.act("/loyalty/note", {"note": "a", "action_token": bad}, CUSTOMER)
        assert answer.status_code == 403
    assert (await stage.act("/loyalty/note", {"note": "a"}, CUSTOMER)).status_code == 403
    assert await noted(stage) == []


async def test_nobody_acts_signed_out_or_unproved(stage: Stage) -> None:
    form = {"note": "a", "action_token": token(stage)}
    assert (await stage.act("/loyalty/note", form)).status_code == 403
    unproved = await stage.client.post("/proxy/widgets/loyalty/note", data=form)
    assert unproved.status_code == 401
    assert (await stage.client.get(stage.proxy_url("/loyalty/note", CUSTOMER))).status_code == 405


async def test_a_refused_action_leaves_no_trace(stage: Stage) -> None:
    taken = await stage.act("/loyalty/note", {"note": "taken", "action_token": token(stage)}, CUSTOMER)
    assert taken.status_code == 409
    missing = await stage.act("/loyalty/note", {"action_token": token(stage)}, CUSTOMER)
    assert missing.status_code == 422
    assert await noted(stage) == []


async def test_a_form_that_is_none_is_refused(stage: Stage) -> None:
    async def post(body: bytes, kind: str = "application/x-www-form-urlencoded") -> int:
        url = stage.proxy_url("/loyalty/note", CUSTOMER)
        return (await stage.client.post(url, content=body, headers={"content-type": kind})).status_code

    good = f"note=a&action_token={token(stage)}".encode()
    assert await post(good, "application/json") == 422
    assert await post(good + b"&note=b") == 422
    assert await post(b"note=\xff") == 422
    assert await post(b"&".join(b"f%d=" % n for n in range(60))) == 422
    url = stage.proxy_url("/loyalty/note", CUSTOMER + 1)
    large = await stage.client.post(url, data={"note": "a" * 20_000})
    assert large.status_code == 413


async def test_a_customer_acts_only_so_often_in_a_minute(stage: Stage) -> None:
    async def once(customer: int) -> int:
        form = {"note": "a", "action_token": token(stage, customer)}
        return (await stage.act("/loyalty/note", form, customer)).status_code

    assert [await once(CUSTOMER) for _ in range(6)] == [200] * 5 + [429]
    assert await once(CUSTOMER + 1) == 200
