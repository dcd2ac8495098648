"""Pages in the shop's theme: the statement, signed in only, page by page, and nothing in it is Liquid."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

from markupsafe import escape
from sqlalchemy import Connection

from plugin.core import accounts, ledger, positions
from plugin.core.ledger import Entry
from sandbox.pages.theme import liquid
from sandbox.simulator import Simulator
from tests.integration.widgets.stage import CUSTOMER, PREFIX, Stage, facts
from widgets.loyalty.statement import ON_A_PAGE
from widgets.pages import LIQUID, STYLE, without_liquid

PATH = "/loyalty/statement"


async def statement(stage: Stage, customer: int | None = CUSTOMER, **query: str) -> str:
    answer = await stage.proxy(PATH, customer, **query)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(LIQUID)
    return answer.text


async def adjust(stage: Stage, *points: int, customer: int = CUSTOMER) -> None:
    """Give or take points by hand, one a minute."""
    start = datetime.now(UTC) - timedelta(days=1)

    def work(conn: Connection) -> None:
        home = accounts.ensure(conn, [(stage.shop.id, customer)])[stage.shop.id, customer]
        entries = [
            Entry(
                stage.shop.id,
                home.id,
                ledger.ADJUSTMENT,
                one,
                f"test:{customer}:{number}",
                start + timedelta(minutes=number),
            )
            for number, one in enumerate(points)
        ]
        positions.post(conn, entries, stage.now)

    await stage.db.write(work)


def rows(page: str) -> list[tuple[int, int]]:
    """Points and balance of each row, from top to bottom."""
    cells = re.findall(r"<td>(.*?)</td><td>(.*?)</td>", page)
    return [
        (int(points.replace("−", "-")), int(after.replace(",", "").replace("−", "-")))
        for points, after in cells
    ]


async def test_every_entry_stands_with_its_date_and_the_balance_after_it(stage: Stage) -> None:
    await stage.tell(facts(stage.now))
    await adjust(stage, 20, -5)
    page = await statement(stage, locale="en")
    assert rows(page) == [(49, 64), (-5, 15), (20, 20)]
    assert "Your points, entry by entry" in page
    assert "<dt>to spend</dt><dd>15</dd>" in page
    assert "3 entries in all. The balance is what can be spent and what is on its way." in page
    assert "rel=" not in page
    assert "<script" not in page
    german = await statement(stage, locale="de")
    assert "Ihre Punkte, Buchung für Buchung" in german
    assert re.search(r"\d+\. \w+ 20\d\d", german)
    await stage.change("shop", tone="du")
    assert "Deine Punkte, Buchung für Buchung" in await statement(stage, locale="de")


async def test_what_is_to_be_made_up_for_is_taken_off_the_balance(stage: Stage) -> None:
    await adjust(stage, 10, -30)
    page = await statement(stage, locale="en")
    assert rows(page) == [(-30, -20), (10, 10)]
    assert "−20" in page
    assert "less what has to be made up for." in page


async def test_a_long_statement_is_read_page_by_page_and_each_balance_goes_on(stage: Stage) -> None:
    points = [1 + number % 7 for number in range(2 * ON_A_PAGE + 3)]
    await adjust(stage, *points)
    found: list[tuple[int, int]] = []
    query = {"locale": "en"}
    for number in (1, 2, 3):
        page = await statement(stage, CUSTOMER, **query)
        found += rows(page)
        assert ('rel="prev"' in page) == (number > 1)
        assert ('rel="next"' in page) == (number < 3)
        if number < 3:
            older = re.search(r'href="\?([^"]*)" rel="next"', page)
            assert older is not None
            query = dict(pair.split("=") for pair in unescape(older[1]).split("&"))
    assert [one for one, _ in found] == points[::-1]
    assert [after for _, after in found] == [sum(points[: len(points) - skip]) for skip in range(len(points))]
    for nonsense in (
        "0",
        "-1",
        "9999",
        "99999",
        "x",
        "٣",
        "1e3",
        "999999999999",
        f"00{'9' * 24}",
        "1" * 5000,
    ):
        assert rows(await statement(stage, locale="en", page=nonsense)) == found[:ON_A_PAGE]


async def test_nobody_who_is_not_signed_in_sees_figures(stage: Stage) -> None:
    await stage.tell(facts(stage.now))
    page = await statement(stage, None, locale="de")
    assert "Bitte anmelden, um diese Seite zu sehen." in page
    assert '<a href="/account">Anmelden</a>' in page
    assert "49" not in page.partition("</style>")[2]
    other = await statement(stage, CUSTOMER + 1, locale="en")
    assert "Your first order brings your first points." in other
    assert rows(other) == []


async def test_the_language_is_the_pages_or_else_the_browsers(stage: Stage) -> None:
    url = stage.proxy_url(PATH, CUSTOMER, {})
    answer = await stage.client.get(url, headers={"accept-language": "de-AT,en;q=0.5"})
    assert 'lang="de"' in answer.text
    assert 'lang="en"' in (await stage.client.get(url, headers={"accept-language": "fr"})).text


async def test_without_the_proof_there_is_no_page_and_an_unknown_one_is_not_found(stage: Stage) -> None:
    assert (await stage.client.get(f"/proxy/widgets{PATH}")).status_code == 401
    assert (await stage.proxy("/loyalty/nothing", CUSTOMER)).status_code == 404
    assert (await stage.proxy("/coupon/statement", CUSTOMER)).status_code == 404


async def test_the_points_in_the_shop_and_in_the_account_lead_to_the_statement(stage: Stage) -> None:
    await stage.tell(facts(stage.now))
    shown = (await stage.proxy("/loyalty", CUSTOMER, locale="de")).text
    assert f'<a href="{PREFIX}/widgets/loyalty/statement?locale=de">Alle Buchungen</a>' in shown
    account = (await stage.account(CUSTOMER, locale="de")).json()["widgets"]["loyalty"]
    host = stage.shop.host
    assert account["statement_url"] == f"https://{host}/apps/dankbar/widgets/loyalty/statement?locale=de"
    assert account["statement_text"] == "Alle Buchungen"


HOSTILE = "{{ customer.email }} {% assign x = 1 %}{%raw%}{{'x'|upcase}} <b>&</b> }} %}"


def test_what_a_page_says_is_never_liquid() -> None:
    shop = Simulator(client_id="c", client_secret="s").shop("example")
    said = f"<p>{escape(HOSTILE)}</p>"
    shown = liquid(without_liquid(said), shop, "de")
    assert unescape(shown) == unescape(said)
    assert not re.search(r"[{}]", without_liquid(said))


def test_the_style_of_a_page_is_no_liquid() -> None:
    css = STYLE.read_text("utf-8")
    assert not re.search(r"{{|{%", " ".join(css.split()))
    assert css.count("{") == css.count("}")
