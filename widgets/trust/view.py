"""What a shopper sees: a few things that can be checked, each from a module of its own."""

from dataclasses import dataclass

from sqlalchemy import Connection

from widgets.base import Context
from widgets.records import Declared
from widgets.trust.panel import PanelView, panel, rows
from widgets.trust.people import PeopleView, people
from widgets.trust.seals import SealView, said, seals
from widgets.trust.settings import TrustSettings


@dataclass(frozen=True, slots=True)
class TrustView:
    """All texts are finished; a part that has nothing to say is empty."""

    title: str
    text: str
    seals: tuple[SealView, ...] = ()
    seals_text: str = ""
    people: PeopleView | None = None
    panel: PanelView | None = None
    data: tuple[Declared, ...] = ()


def view(conn: Connection, ctx: Context, settings: TrustSettings) -> TrustView | None:
    """Return what the shop can be trusted for; None where the merchant switched it off."""
    if not settings.enabled:
        return None
    language, shown = ctx.language, seals(conn, ctx, settings)
    text = (
        language.gettext("You ordered from %(shop)s.", shop=ctx.shop.name)
        if ctx.order
        else language.gettext("You are buying from %(shop)s.", shop=ctx.shop.name)
    )
    return TrustView(
        title=language.gettext("What you can rely on"),
        text=text,
        seals=shown,
        seals_text=said(shown, language),
        people=people(settings, language),
        panel=panel(ctx),
        data=rows(conn, ctx),
    )
