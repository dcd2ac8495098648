"""The ledger page: a customer's points with their arithmetic, and the proof that all of them add up."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from plugin import nightly
from plugin.admin.adjustment_form import AdjustView, blank
from plugin.admin.answer import answer
from plugin.admin.desk import Desk, desk_of
from plugin.admin.look_up import find
from plugin.admin.open_points import OpenPoints, open_points
from plugin.admin.proof import Proof, proof
from plugin.admin.reckoning import reckoned
from plugin.admin.redeemed import STATES
from plugin.admin.statement import Earned, EntryLine, Statement
from plugin.core import ledger
from plugin.language import sentence

KINDS = {
    ledger.ACCRUAL: sentence("Points for an order"),
    ledger.CLAWBACK: sentence("Order changed"),
    ledger.BONUS: sentence("Bonus"),
    ledger.REDEMPTION: sentence("Reward taken"),
    ledger.REDEMPTION_REVERSAL: sentence("Reward given back"),
    ledger.EXPIRY: sentence("Expired"),
    ledger.EXPIRY_REVERSAL: sentence("Not expired after all"),
    ledger.ADJUSTMENT: sentence("Corrected by hand"),
    ledger.IMPORT: sentence("Brought along"),
}
TAKEN = {
    ledger.BONUS: sentence("Bonus taken back"),
    ledger.REDEMPTION_REVERSAL: sentence("Reward used after all"),
}
"""What an entry is that takes points where its kind gives them."""


@dataclass(frozen=True, slots=True)
class Books:
    """What is kept of the newest check: whether all adds up, and what is open."""

    proof: Proof
    open_points: OpenPoints | None


@dataclass(frozen=True, slots=True)
class LedgerView:
    """``asked`` is what was typed; ``message`` says why there is no statement; ``adjust`` corrects its points."""

    asked: str
    statement: Statement | None
    message: str
    kind: Callable[[EntryLine], str]
    """What an entry is, in words."""
    adjust: AdjustView | None
    books: Books
    states: dict[str, str]
    """What became of a reward's code, in words."""
    reckoned: Callable[[Earned], str]
    """How an order's points come about, in one line."""


async def page(request: Request[Any]) -> Response:
    """GET /admin/ledger: look up a customer or an order."""
    desk = desk_of(request)
    asked = request.query_params.get("q", "").strip()[:80]
    return answer(request, desk, "ledger", await ledger_view(desk, asked))


async def ledger_view(desk: Desk, asked: str) -> LedgerView:
    """Return the page about whom was asked for."""
    found = await find(desk, asked)
    states = {state: desk.language.gettext(text) for state, text in STATES.items()}
    known = found.statement is not None and found.statement.standing is not None
    customer = found.statement.customer_id if found.statement else None
    adjust = blank(customer) if known and customer is not None else None
    books = await desk.runtime.db.read(lambda conn: _books(conn, desk))
    return LedgerView(
        asked,
        found.statement,
        found.message,
        partial(_kind, desk),
        adjust,
        books,
        states,
        partial(reckoned, desk),
    )


def _kind(desk: Desk, entry: EntryLine) -> str:
    known = TAKEN if entry.points < 0 and entry.kind in TAKEN else KINDS
    return desk.language.gettext(known.get(entry.kind, entry.kind))


async def check(request: Request[Any]) -> Response:
    """POST /admin/ledger/verify: recompute everything of this shop now, as every night, and keep what was found."""
    desk = desk_of(request)
    await nightly.check(desk.runtime.db, desk.shop, desk.now)
    return answer(request, desk, "checked", await desk.runtime.db.read(lambda conn: _books(conn, desk)))


def _books(conn: Connection, desk: Desk) -> Books:
    return Books(proof(conn, desk), open_points(conn, desk))
