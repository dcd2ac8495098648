"""What a merchant does about the plan: choose one, see first what the change costs, end it, and take that back."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from plugin.admin.answer import answer
from plugin.admin.desk import Desk, desk_of
from plugin.admin.form import submitted
from plugin.admin.plan import back, currency_of, plan_view
from plugin.admin.plan_prices import gross, net
from plugin.billing import standing
from plugin.billing.plans import Plan, plan_of
from plugin.billing.protocol import Preview
from plugin.errors import Invalid, NotFound

OPEN = "Dankbar-Open"
"""A header with an address that the page opens outside of its frame."""


@dataclass(frozen=True, slots=True)
class SureView:
    """What a change would cost, before anything is charged."""

    plan: str
    handle: str
    token: str
    lines: tuple[str, ...]


async def choose(request: Request[Any]) -> Response:
    """POST /admin/plan/choose: open the vendor's page, show what the change costs, or, once agreed, make it."""
    desk, typed = desk_of(request), await submitted(request)
    plan = plan_of(typed.get("plan"))
    if plan is None or plan.free:
        raise Invalid("There is no such plan.")
    billing = desk.runtime.billing
    found = await desk.runtime.db.read(
        lambda conn: standing.read(conn, desk.shop, desk.now, needed=billing.can.needed)
    )
    if not (found.living and billing.can.changes):
        currency = currency_of(desk, found)
        address = await billing.begin(desk.shop, plan, currency, back(desk), desk.now)
        return _elsewhere(request, desk, address)
    if billing.can.previews and typed.get("confirmed") != "yes":
        preview = await billing.preview(desk.shop, plan, desk.now)
        return answer(request, desk, "plan_sure", _sure(desk, plan, preview))
    change = billing.change(desk.shop, plan, typed.get("token", ""), desk.now)
    name = desk.language.gettext(plan.name)
    return await _done(
        request, desk, change, desk.language.gettext("Your plan is “%(plan)s” now.", plan=name)
    )


async def manage(request: Request[Any]) -> Response:
    """POST /admin/plan/manage: open the vendor's own page of this shop."""
    desk = desk_of(request)
    address = await desk.runtime.billing.manage(desk.shop, back(desk))
    if address is None:
        raise NotFound("There is no such page.")
    return _elsewhere(request, desk, address)


async def cancel(request: Request[Any]) -> Response:
    """POST /admin/plan/cancel: end the plan with what is paid for; the page has said what happens."""
    desk = desk_of(request)
    said = desk.language.gettext("Your plan is cancelled.")
    return await _done(request, desk, desk.runtime.billing.cancel(desk.shop, desk.now), said)


async def resume(request: Request[Any]) -> Response:
    """POST /admin/plan/resume: take the cancellation back."""
    desk = desk_of(request)
    if not desk.runtime.billing.can.resumes:
        raise NotFound("There is no such page.")
    said = desk.language.gettext("Your plan goes on.")
    return await _done(request, desk, desk.runtime.billing.resume(desk.shop, desk.now), said)


def _elsewhere(request: Request[Any], desk: Desk, address: str) -> Response:
    """The page opens the address; its link is for whoever's browser does not."""
    return answer(request, desk, "plan_open", address, headers={OPEN: address})


async def _done(request: Request[Any], desk: Desk, work: Awaitable[None], said: str) -> Response:
    await work
    return answer(request, desk, "plan", await plan_view(desk, said=said), toast=said)


def _sure(desk: Desk, plan: Plan, preview: Preview) -> SureView:
    language = desk.language
    gettext = language.gettext
    at_once = gross(desk, abs(preview.now), preview.currency)
    if preview.now > 0:
        first = gettext("%(amount)s are charged now, for the rest of this period.", amount=at_once)
    elif preview.now < 0:
        first = gettext("%(amount)s are credited to your next invoice.", amount=at_once)
    else:
        first = gettext("Nothing is charged now.")
    then = gettext(
        "From %(day)s it is %(amount)s a month.",
        day=desk.day(preview.at),
        amount=net(desk, preview.monthly, preview.currency),
    )
    return SureView(gettext(plan.name), plan.handle, preview.token, (first, then))
