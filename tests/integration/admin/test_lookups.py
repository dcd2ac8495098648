"""What issuers say of a shop's seals, on the merchant's page, and the button that has them asked again."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape

from sqlalchemy import Connection, select, update

import widgets
from plugin.shops import Shop
from plugin.tasks import task
from tests.integration.admin.stage import Stage
from widgets.trust.tables import trust_check

PAGE = "/admin/widgets/trust"
PATH = f"{PAGE}/lookups"
SEALS = [
    {
        "issuer": name,
        "seal_id": "SW-48213",
        "verify_url": f"https://{name}.example/48213",
        "valid_until": until,
    }
    for name, until in (("siegelwerk", "2099-12-31"), ("altsiegel", "2020-01-31"))
]


async def save(stage: Stage, shop: Shop, seals: list[dict[str, str]]) -> None:
    now, patch = datetime.now(UTC), {"seals": json.dumps(seals)}
    await stage.db.write(lambda conn: widgets.change_settings(conn, shop.id, "trust", patch, now))


async def looked(stage: Stage, result: str, ago: timedelta = timedelta(hours=1)) -> None:
    """Have the worker look at everything, and be done with its tasks."""
    at = datetime.now(UTC) - ago

    def work(conn: Connection) -> None:
        conn.execute(update(trust_check).values(result=result, checked_at=at))
        conn.execute(task.delete())

    await stage.db.write(work)


async def asked(stage: Stage, shop: Shop) -> int:
    statement = select(task.c.id).where(task.c.name == "trust.check", task.c.shop_id == shop.id)
    return await stage.db.read(lambda conn: len(conn.execute(statement).all()))


def said(page: str) -> list[tuple[str, str, str]]:
    """Title, sentence and badge of each row."""
    part = page.partition('<div id="lookups"')[2].partition("</s-section>")[0]
    rows = re.findall(
        r'<s-text type="strong">(.*?)</s-text>\s*<p>(.*?)</p>.*?<s-badge[^>]*>(.*?)<', part, re.DOTALL
    )
    return [(unescape(title), unescape(text), badge) for title, text, badge in rows]


async def test_a_widget_that_asks_nobody_has_no_such_part(stage: Stage) -> None:
    assert "lookups" not in (await stage.part("/admin/widgets/loyalty")).text
    for found in (
        await stage.part("/admin/widgets/loyalty/lookups"),
        await stage.post("/admin/widgets/x/lookups"),
    ):
        assert found.status_code == 404
    assert said((await stage.part(PAGE)).text) == []


async def test_each_seal_stands_there_with_what_was_found_and_whether_it_is_shown(stage: Stage) -> None:
    await save(stage, stage.shop, SEALS)
    fresh = (await stage.part(PAGE, locale="en")).text
    assert [(title, badge) for title, _, badge in said(fresh)] == [
        ("siegelwerk", "Hidden"),
        ("altsiegel", "Hidden"),
    ]
    assert "load delay" in fresh, "the page waits for the worker"
    await looked(stage, "shop")
    day = re.escape(f"{datetime.now(UTC).day} ") + r"\w+"
    (first, second) = said((await stage.part(PAGE, locale="en")).text)
    assert re.fullmatch(rf"The issuer's page names this shop; looked up on ({day}|\d+ \w+)\.", first[1])
    assert (first[2], second[2]) == ("Shown", "Hidden")
    assert second[1].startswith("Valid until 31 January 2020; the issuer's page names this shop")
    await looked(stage, "shop", ago=timedelta(days=16))
    (first, _) = said((await stage.part(PAGE, locale="en")).text)
    assert first[1].startswith("Its last check is more than two weeks old; looked up on")
    assert first[2] == "Hidden"
    await looked(stage, "neither")
    (first, _) = said((await stage.part(PAGE, locale="de")).text)
    assert first[1].startswith("Verlinkt, nicht geprüft, denn die Seite des Ausstellers nennt weder")
    assert first[2] == "Verborgen"


async def test_the_button_has_this_shops_seals_looked_up_again(stage: Stage) -> None:
    for shop in (stage.shop, stage.other):
        await save(stage, shop, SEALS)
    await looked(stage, "neither")
    found = await stage.post(PATH, locale="en")
    assert found.status_code == 200
    assert (await asked(stage, stage.shop), await asked(stage, stage.other)) == (2, 0)
    poll = re.search(r'hx-get="([^"]+since=[^"]+)" hx-trigger="load delay', found.text)
    assert poll is not None
    waiting = await stage.client.get(unescape(poll[1]), headers={**stage.bearer(), "HX-Request": "true"})
    assert "load delay" in waiting.text
    await looked(stage, "shop", ago=timedelta(seconds=-1))
    done = await stage.client.get(unescape(poll[1]), headers={**stage.bearer(), "HX-Request": "true"})
    assert "load delay" not in done.text
    assert said(done.text)[0][2] == "Shown"


async def test_pressing_it_again_at_once_asks_nobody(stage: Stage) -> None:
    await save(stage, stage.shop, SEALS)
    await looked(stage, "shop", ago=timedelta(seconds=5))
    found = await stage.post(PATH)
    assert await asked(stage, stage.shop) == 0
    assert "load delay" not in found.text


async def test_a_moment_that_cannot_be_read_is_refused(stage: Stage) -> None:
    for since in ("soon", "2026-11-29", "20261129T000000Z", "9" * 40):
        assert (await stage.part(PATH, since=since)).status_code == 400
