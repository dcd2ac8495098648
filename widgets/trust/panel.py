"""The data panel: what is kept, why and how long, what is not done, whom to ask and where to complain."""

from dataclasses import dataclass

from sqlalchemy import Connection

from plugin.language import sentence
from widgets.addresses import page_url
from widgets.base import Context, Page
from widgets.records import Declared
from widgets.trust.authorities import authority
from widgets.trust.people import Way, ways
from widgets.trust.promises import PROMISES
from widgets.trust.settings import TrustSettings

PATH, MINE = "data", "my-data"


@dataclass(frozen=True, slots=True)
class PanelView:
    """What stands beside the rows in the block: a title, a sentence, and the way to the whole and to one's own."""

    title: str
    text: str
    rows_title: str
    url: str
    url_text: str
    mine_url: str
    mine_text: str


@dataclass(frozen=True, slots=True)
class PanelPage:
    """Everything the page says."""

    intro: str
    rows: tuple[Declared, ...]
    promises: tuple[str, ...]
    rights: str
    mine_url: str
    mine_text: str
    contact: str
    ways: tuple[Way, ...]
    complaint: str
    authority: str
    authority_url: str


def rows(conn: Connection, ctx: Context) -> tuple[Declared, ...]:
    """Return every activity with personal data, in the reader's words."""
    return ctx.inventory.rows(conn) if ctx.inventory else ()


def panel(ctx: Context) -> PanelView:
    """Return what the block says beside the rows."""
    gettext = ctx.language.gettext
    return PanelView(
        title=gettext("Your data"),
        text=gettext(PROMISES[0].text),
        rows_title=gettext("What is kept, and why"),
        url=page_url(ctx, f"trust/{PATH}"),
        url_text=gettext("What happens with your data"),
        mine_url=page_url(ctx, f"trust/{MINE}"),
        mine_text=gettext("What is kept about you"),
    )


def page(conn: Connection, ctx: Context, settings: TrustSettings) -> PanelPage:
    """Return the whole panel; it is there whether or not the block is shown."""
    gettext, shop = ctx.language.gettext, ctx.shop.name
    found = tuple(ways(settings))
    responsible = authority(ctx.shop.country)
    asked = (
        gettext("Please write to %(shop)s with any question about your data.", shop=shop)
        if found
        else gettext(
            "Please write to %(shop)s with any question about your data; the address is in the legal notice.",
            shop=shop,
        )
    )
    return PanelPage(
        intro=gettext(
            "%(shop)s is responsible for your data and has Dankbar keep what follows, for points, coupons and promises of delivery. This page is made from the program itself, so that it leaves nothing out.",
            shop=shop,
        ),
        rows=rows(conn, ctx),
        promises=tuple(gettext(one.text) for one in PROMISES),
        rights=gettext("You can see what is kept about you, take it along, and have it erased."),
        mine_url=page_url(ctx, f"trust/{MINE}"),
        mine_text=gettext("What is kept about you"),
        contact=asked,
        ways=found,
        complaint=gettext(responsible.text),
        authority=responsible.name,
        authority_url=responsible.url,
    )


PAGE = Page(
    path=PATH,
    title=sentence("What happens with your data"),
    view=page,
    template="data.html",
    signed_in=False,
)
