"""The seals that hold today, as shoppers see them; whatever could not be verified is not there."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from plugin.language import Language
from widgets.base import Context, Surface
from widgets.trust import checking
from widgets.trust.issuers import by_name
from widgets.trust.results import HOLDS, Result
from widgets.trust.settings import Seal, TrustSettings


@dataclass(frozen=True, slots=True)
class SealView:
    """One seal in finished words; ``image`` is empty where a badge is drawn."""

    issuer: str
    title: str
    text: str
    verify_url: str
    valid_until: date
    checked_on: date
    image: str = ""
    proof_url: str = ""
    proof_text: str = ""


def seals(conn: Connection, ctx: Context, settings: TrustSettings) -> tuple[SealView, ...]:
    """Return the seals whose issuer's page named the shop lately and whose last day is not over on the shop's clock."""
    if not settings.seals:
        return ()
    checks, today = checking.checks(conn, ctx.shop.id), _day(ctx.now, ctx)
    return tuple(
        _shown(seal, row.checked_at, ctx)
        for seal in settings.seals
        if (row := checks.get(checking.fingerprint(seal))) is not None and holds(seal, row, ctx.now, today)
    )


def holds(seal: Seal, row: Any, now: datetime, today: date) -> bool:
    """Tell whether a seal may be shown, by its last check."""
    if seal.valid_until < today or Result(row.result) not in HOLDS:
        return False
    return bool(row.checked_at is not None and now - row.checked_at <= checking.HOLDS_FOR)


def name_of(seal: Seal) -> str:
    """Return what a seal is called: what it says, else its issuer."""
    known = by_name(seal.issuer)
    return seal.says or (known.name if known else seal.issuer)


def _shown(seal: Seal, checked_at: datetime, ctx: Context) -> SealView:
    """A picture is the shop's own file: on its own domain a path is enough."""
    language, title = ctx.language, name_of(seal)
    host = "" if ctx.surface is Surface.STOREFRONT else f"https://{ctx.shop.host}"
    return SealView(
        issuer=seal.issuer,
        title=title,
        text=language.gettext("%(seal)s, check", seal=title),
        verify_url=seal.verify_url,
        valid_until=seal.valid_until,
        checked_on=_day(checked_at, ctx),
        image=f"{host}{seal.image}" if seal.image else "",
        proof_url=seal.proof_url,
        proof_text=language.gettext("Proof") if seal.proof_url else "",
    )


def said(shown: tuple[SealView, ...], language: Language) -> str:
    """Return the sentence that says since when all of these are known to hold; empty where there are none."""
    if not shown:
        return ""
    return language.gettext(
        "Looked up with the issuers, last on %(date)s.",
        date=language.day(min(seal.checked_on for seal in shown)),
    )


def _day(instant: datetime, ctx: Context) -> date:
    return instant.astimezone(ctx.settings.zone).date()
