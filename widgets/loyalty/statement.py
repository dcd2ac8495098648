"""The shopper's own statement: every entry in plain words with its date and the balance after it, page by page."""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import Connection

from plugin.core import standing
from plugin.core.standing import Booked, Standing
from plugin.language import Language
from plugin.setting_input import sentence
from widgets.base import Context, Page
from widgets.loyalty import view as points
from widgets.loyalty.settings import LoyaltySettings

ON_A_PAGE = 25
MOST_PAGES = 10_000

_PAGE = re.compile(r"[1-9][0-9]{0,4}")


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it is read; ``points`` carries its sign."""

    text: str
    on: str
    points: str
    after: str


@dataclass(frozen=True, slots=True)
class StatementView:
    """Everything the page says; the two addresses are empty at either end."""

    figures: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    note: str
    newer_url: str = ""
    older_url: str = ""


def view(conn: Connection, ctx: Context, settings: LoyaltySettings) -> StatementView | None:
    """Return the signed-in customer's statement; a page that does not exist is the first one."""
    if ctx.customer_id is None:
        return None
    mine = standing.standing(conn, ctx.shop.id, ctx.customer_id, ctx.now)
    if mine is None:
        note = ctx.language.gettext("Your first order brings your first points.")
        return StatementView((), (), note)
    number = _number(ctx.params.get("page", ""))
    found, count = _booked(conn, ctx, number)
    if not found and number > 1:
        number = 1
        found, count = _booked(conn, ctx, number)
    return StatementView(
        figures=points.figures_of(ctx.language, mine, ctx.settings.zone),
        rows=tuple(_row(one, ctx, settings) for one in found),
        note=_note(ctx.language, mine, count),
        newer_url=_url(ctx, number - 1) if number > 1 else "",
        older_url=_url(ctx, number + 1) if number * ON_A_PAGE < count else "",
    )


def _note(language: Language, mine: Standing, count: int) -> str:
    """Return how many entries there are, and what their sum is made of."""
    entries = language.ngettext("%(n)s entry in all.", "%(n)s entries in all.", count)
    made_of = language.gettext("The balance is what can be spent and what is on its way.")
    if mine.debt:
        made_of = language.gettext(
            "The balance is what can be spent and what is on its way, less what has to be made up for."
        )
    return f"{entries} {made_of}"


def _booked(conn: Connection, ctx: Context, number: int) -> tuple[list[Booked], int]:
    customer = ctx.customer_id or 0
    return standing.booked(conn, ctx.shop.id, customer, (number - 1) * ON_A_PAGE, ON_A_PAGE)


def _row(one: Booked, ctx: Context, settings: LoyaltySettings) -> Row:
    line, language = points.line_of(one.entry, ctx, settings.tiers), ctx.language
    sign = "+" if line.points > 0 else "−"
    return Row(
        text=line.text,
        on=language.long_date(line.on),
        points=f"{sign}{language.number(abs(line.points))}",
        after=f"{'−' if one.after < 0 else ''}{language.number(abs(one.after))}",
    )


def _url(ctx: Context, number: int) -> str:
    query = {"locale": ctx.language.tag, **({"page": number} if number > 1 else {})}
    return f"?{urlencode(query)}"


def _number(text: str) -> int:
    return int(text) if _PAGE.fullmatch(text) and int(text) <= MOST_PAGES else 1


STATEMENT = Page(
    path="statement",
    title=sentence("Your points, entry by entry"),
    view=view,
    template="statement.html",
)
