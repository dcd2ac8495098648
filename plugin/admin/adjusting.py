"""Points given and taken by hand: entered, read once more, posted once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

import widgets
from plugin.admin.adjustment_form import NOBODY, SHORT, TAKEN, AdjustView, Wish, fresh_nonce, shown, wish
from plugin.admin.answer import answer
from plugin.admin.desk import Desk, desk_of, sections_of
from plugin.admin.form import submitted
from plugin.admin.ledger import ledger_view
from plugin.core import standing
from plugin.core.adjustments import Adjustment, Outcome, adjust
from plugin.core.earning import months_after
from plugin.errors import Invalid

RULE = "loyalty"
"""The section of settings that says when points end."""


async def correct(request: Request[Any]) -> Response:
    """POST /admin/ledger/adjust: ask whether this is meant; with ``confirmed=yes``, post it.

    422 with a sentence at each wrong field, 409 where the books say otherwise; nothing is posted then.
    """
    desk = desk_of(request)
    form = await submitted(request)
    view, confirmed = shown(form), form.get("confirmed", "")
    if confirmed == "no":
        return answer(request, desk, "adjust", view)
    try:
        wanted = wish(view, desk.language)
    except Invalid as error:
        return _refused(request, desk, view, error.fields)
    available = await desk.runtime.db.read(lambda conn: _available(conn, desk, wanted.customer_id))
    if available is None:
        return _refused(request, desk, view, {"": desk.language.gettext(NOBODY)}, 409)
    if confirmed != "yes":
        if -wanted.points > available:
            return _refused(request, desk, view, _short(desk, available))
        return answer(request, desk, "adjust", replace(view, sure=_sure(desk, wanted, available)))
    outcome = await desk.runtime.db.write(lambda conn: _post(conn, desk, wanted))
    if outcome is Outcome.SHORT:
        return _refused(request, desk, view, _short(desk, available))
    if outcome in {Outcome.TAKEN, Outcome.NOBODY}:
        text = desk.language.gettext(TAKEN if outcome is Outcome.TAKEN else NOBODY)
        view = replace(view, nonce=fresh_nonce())
        return _refused(request, desk, view, {"": text}, 409)
    desk.runtime.bells.ring("tasks")
    again = await ledger_view(desk, str(wanted.customer_id))
    whole = {"HX-Retarget": "#statement", "HX-Reswap": "outerHTML"}
    return answer(request, desk, "statement", again, toast=desk.language.gettext("Posted."), headers=whole)


def _post(conn: Connection, desk: Desk, wanted: Wish) -> Outcome:
    made = Adjustment(wanted.nonce, wanted.points, wanted.reason, desk.staff, wanted.told)
    ends_at = months_after(desk.now, _expiry_months(conn, desk), desk.settings.time_zone)
    return adjust(conn, desk.shop.id, wanted.customer_id, made, ends_at, desk.now)


def _expiry_months(conn: Connection, desk: Desk) -> int:
    """Points given by hand end as those of an order of now do."""
    rule = widgets.SECTIONS.get(RULE)
    current = sections_of(conn, desk.shop.id).current(desk.shop.id, rule).value if rule else None
    return int(getattr(current, "expiry_months", 0))


def _available(conn: Connection, desk: Desk, customer_id: int) -> int | None:
    found = standing.standing(conn, desk.shop.id, customer_id, desk.now)
    return found.available if found else None


def _sure(desk: Desk, wanted: Wish, available: int) -> tuple[str, ...]:
    language = desk.language
    number, after = language.number(abs(wanted.points)), language.number(available + wanted.points)
    facts = {"points": number, "customer": wanted.customer_id, "before": language.number(available)}
    text = (
        language.gettext(
            "Give %(points)s points to customer %(customer)s: %(before)s to spend become %(after)s.",
            **facts,
            after=after,
        )
        if wanted.points > 0
        else language.gettext(
            "Take %(points)s points from customer %(customer)s: %(before)s to spend become %(after)s.",
            **facts,
            after=after,
        )
    )
    read = (
        language.gettext("The customer reads: “Corrected by us: %(reason)s”", reason=wanted.reason)
        if wanted.told
        else language.gettext("The reason “%(reason)s” stays with you.", reason=wanted.reason)
    )
    return text, read


def _short(desk: Desk, available: int) -> dict[str, str]:
    return {"points": desk.language.gettext(SHORT, available=desk.language.number(available))}


def _refused(
    request: Request[Any], desk: Desk, view: AdjustView, errors: Mapping[str, str], status: int = 422
) -> Response:
    return answer(request, desk, "adjust", replace(view, errors=errors), status=status)
