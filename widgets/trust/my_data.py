"""A signed-in shopper's own record: read, taken along, and erased when they ask for it once and mean it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from plugin import tasks
from plugin.core import privacy, standing, tombstones
from plugin.core.tombstones import Kind
from plugin.crypto import keyed_hash
from plugin.errors import Invalid
from plugin.language import Language, sentence
from plugin.tasks import Wanted, task
from widgets.addresses import page_url
from widgets.base import Context, Page, Route
from widgets.records import Record
from widgets.trust.panel import MINE, PATH
from widgets.trust.settings import TrustSettings

_UNDER_WAY = select(task.c.id).where(
    task.c.shop_id == bindparam("shop"),
    task.c.name == privacy.ERASE,
    task.c.key == bindparam("key"),
    task.c.state == "waiting",
)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What the form to be erased says: what it means, for points too, and what has to be agreed to."""

    title: str
    texts: tuple[str, ...]
    url: str
    action_token: str
    sure: str
    button: str


@dataclass(frozen=True, slots=True)
class MyData:
    """Everything the page says; there is a record and a form only while there is somebody to be erased."""

    text: str
    panel_url: str
    panel_text: str
    record: Record | None = None
    file_url: str = ""
    file_text: str = ""
    leaving: Leaving | None = None


@dataclass(frozen=True, slots=True)
class Erasing:
    """The erasure is under way."""

    state: str = "erasing"


def view(conn: Connection, ctx: Context, settings: TrustSettings) -> MyData | None:
    """Return the record of whoever is signed in, or that it is being erased, or was."""
    if ctx.customer_id is None or ctx.inventory is None:
        return None
    gettext = ctx.language.gettext
    panel = (page_url(ctx, f"trust/{PATH}"), gettext("What happens with your data"))
    if conn.execute(_UNDER_WAY, {"shop": ctx.shop.id, "key": str(ctx.customer_id)}).first():
        return MyData(gettext("Your data is being erased; that takes a moment."), *panel)
    if _is_erased(conn, ctx, ctx.customer_id):
        erased = gettext(
            "Your data was erased. Orders from now on count as a guest’s: they bring no points, and nothing leads from them to you."
        )
        return MyData(erased, *panel)
    record = ctx.inventory.record(conn, ctx.customer_id)
    if record.nothing:
        return MyData(gettext("Nothing is kept about you."), *panel)
    return MyData(
        gettext("This is all that Dankbar keeps about you for %(shop)s.", shop=ctx.shop.name),
        *panel,
        record=record,
        file_url=page_url(ctx, f"trust/{MINE}.json"),
        file_text=gettext("Download it as a file (JSON)"),
        leaving=_leaving(conn, ctx, ctx.customer_id),
    )


def file(conn: Connection, ctx: Context, settings: TrustSettings) -> Mapping[str, object] | None:
    """Return the record of whoever is signed in, to be taken along."""
    if ctx.customer_id is None or ctx.inventory is None:
        return None
    return ctx.inventory.export(conn, ctx.customer_id)


def erase(conn: Connection, ctx: Context, settings: TrustSettings, form: Mapping[str, str]) -> Erasing:
    """Have whoever is signed in erased, by the same way as when Shopify asks for it. Raises Invalid unless they agreed."""
    if form.get("sure") != "yes" or ctx.customer_id is None:
        raise Invalid(sentence("Please tick the box first, so that nothing is erased by mistake."))
    wanted = Wanted(
        ctx.shop.id, privacy.ERASE, str(ctx.customer_id), ctx.now, {"customer_id": ctx.customer_id}
    )
    tasks.enqueue(conn, [wanted], ctx.now)
    return Erasing()


def _is_erased(conn: Connection, ctx: Context, customer_id: int) -> bool:
    digest = keyed_hash(ctx.key, tombstones.name(Kind.CUSTOMER, customer_id))
    return tombstones.is_buried(conn, ctx.shop.id, Kind.CUSTOMER, digest)


def _leaving(conn: Connection, ctx: Context, customer_id: int) -> Leaving | None:
    if ctx.action_token is None:
        return None
    gettext = ctx.language.gettext
    points = _points(ctx.language, standing.standing(conn, ctx.shop.id, customer_id, ctx.now))
    return Leaving(
        title=gettext("Have it erased"),
        texts=(
            *points,
            gettext("Codes that you have stay valid until their date. Later orders count as a guest’s."),
            gettext(
                "%(shop)s keeps what it needs for your orders themselves, such as invoices; that is not kept here.",
                shop=ctx.shop.name,
            ),
        ),
        url=page_url(ctx, "trust/erase"),
        action_token=ctx.action_token,
        sure=gettext("Yes, erase all of it. It cannot be brought back."),
        button=gettext("Erase my data"),
    )


def _points(language: Language, mine: standing.Standing | None) -> tuple[str, ...]:
    """Say what becomes of the points: all of them lapse, and what is owed is asked of nobody."""
    if mine is None:
        return ()
    found = []
    if held := mine.available + mine.pending:
        found.append(
            language.ngettext(
                "Your %(n)s point lapses, also what is still on its way.",
                "Your %(n)s points lapse, also what is still on its way.",
                held,
            )
        )
    if mine.debt:
        found.append(language.gettext("What still has to be made up for is settled with that."))
    return tuple(found)


PAGE = Page(
    path=MINE, title=sentence("What is kept about you"), view=view, template="my_data.html", file=file
)
ERASE = Route("/erase", erase, page=MINE)
