"""What is said after an order: the first promise as it stands in the book, what changed since, and where the parcels are."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from widgets.base import Context, OrderRef
from widgets.delivery.contents import is_void, undone
from widgets.delivery.journey import legs
from widgets.delivery.keeping import kept_rate
from widgets.delivery.learned import ENOUGH
from widgets.delivery.parts import Case, change, steps, travelling
from widgets.delivery.quote import LATER, likely
from widgets.delivery.shown import Days, DeliveryView
from widgets.delivery.tables import (
    CANCELLED,
    DELIVERED,
    FAILED,
    LOST,
    MISSED,
    delivery_change,
    delivery_promise,
)
from widgets.delivery.wording import kept_text, percent

PROMISED, HANDED_OVER, ARRIVED, LATE, UNKNOWN = "promised", "handed_over", "delivered", "late", "unknown"

_PROMISE = select(
    *(
        delivery_promise.c[name]
        for name in (
            "ordered_at inputs hand_over_by earliest latest chance handed_over_on delivered_on outcome late_at"
        ).split()
    )
).where(delivery_promise.c.order_ref == bindparam("ref"))
_CHANGES = (
    select(delivery_change)
    .where(delivery_change.c.order_ref == bindparam("ref"))
    .order_by(delivery_change.c.id)
)


def followed(conn: Connection, ctx: Context, order: OrderRef) -> DeliveryView | None:
    """Return how the order's delivery stands; None where nothing is sent, or what was to be sent is taken back."""
    state = order.state
    if not any(line.ships for line in state.facts.lines) or is_void(state):
        return None
    promise = conn.execute(_PROMISE, {"ref": order.ref}).one_or_none()
    changes = conn.execute(_CHANGES, {"ref": order.ref}).all() if promise is not None else []
    parcels = [
        leg
        for leg in legs(state, ctx.settings.zone, ctx.settings.active_since, ctx.now)
        if leg.ended != CANCELLED
    ]
    case = Case(ctx, order, promise, changes, parcels, _days(promise, changes))
    stands = _state(case)
    if undone(state) is not None and stands != ARRIVED:
        return None
    view = {ARRIVED: _arrived, LATE: _late, HANDED_OVER: _under_way, PROMISED: _awaited, UNKNOWN: _untold}
    return view[stands](conn, case)


def _days(promise: Any, changes: Sequence[Any]) -> Days | None:
    if promise is None:
        return None
    last = changes[-1] if changes else promise
    return None if last.latest is None else Days(last.earliest, last.latest)


def _state(case: Case) -> str:
    promise, parcels = case.promise, case.parcels
    if promise is None:
        all_here = bool(parcels) and all(leg.ended == DELIVERED for leg in parcels)
        return ARRIVED if all_here else HANDED_OVER if case.on_its_way else UNKNOWN
    if promise.delivered_on is not None:
        return ARRIVED
    if promise.late_at is not None or promise.outcome == MISSED:
        return LATE
    if case.days is not None and case.today > case.days.latest:
        unseen = bool(case.on_its_way) and not any(leg.tracked for leg in case.on_its_way)
        return UNKNOWN if unseen else LATE
    return HANDED_OVER if parcels else PROMISED


def _awaited(conn: Connection, case: Case) -> DeliveryView:
    language = case.language
    return _view(
        conn,
        case,
        PROMISED,
        title=_title(case),
        text=language.gettext(
            "By %(carrier)s. We hand it over by %(day)s.",
            carrier=case.carrier,
            day=case.day(case.promise.hand_over_by),
        ),
    )


def _under_way(conn: Connection, case: Case) -> DeliveryView:
    language = case.language
    text = (
        language.gettext("%(carrier)s has it.", carrier=case.carrier)
        if case.carrier
        else language.gettext("It is on its way.")
    )
    if case.promise is not None and case.promise.handed_over_on is None:
        more = language.gettext("Another parcel of your order follows.")
        text = f"{text} {more}"
    return _view(conn, case, HANDED_OVER, title=_title(case), text=text)


def _arrived(conn: Connection, case: Case) -> DeliveryView:
    language, promise = case.language, case.promise
    if promise is None:
        on = max(leg.delivered_on for leg in case.parcels if leg.delivered_on is not None)
        text = language.gettext("Delivered on %(day)s.", day=case.day(on))
    else:
        on = promise.delivered_on
        said = {"day": case.day(on), "promised": case.day(promise.latest)}
        if on < promise.earliest:
            text = language.gettext("Delivered on %(day)s, earlier than promised.", **said)
        elif on <= promise.latest:
            text = language.gettext("Delivered on %(day)s, as promised.", **said)
        else:
            text = language.gettext(
                "Delivered on %(day)s. We had promised %(promised)s, and we are sorry.", **said
            )
    return _view(conn, case, ARRIVED, title=language.gettext("Your parcel is there."), text=text)


def _late(conn: Connection, case: Case) -> DeliveryView:
    language = case.language
    gone = any(leg.ended in {LOST, FAILED} for leg in case.parcels) and not case.on_its_way
    fresh = case.days if case.days is not None and case.days.latest >= case.today and not gone else None
    if fresh is not None:
        text = language.gettext("New day: %(days)s.", days=case.span(fresh))
    elif gone:
        text = language.gettext(
            "The carrier does not bring it any more. We see to it that you get your things or your money."
        )
    else:
        text = language.gettext("We do not know the new day yet. You read it here as soon as we do.")
    return _view(
        conn,
        case,
        LATE,
        title=language.gettext("Your parcel comes later. We are sorry."),
        text=text,
        help_text=language.gettext(
            "Reply to your order confirmation if you cannot wait: we will find a way."
        ),
        days=fresh,
    )


def _untold(conn: Connection, case: Case) -> DeliveryView:
    """No day was ever named; or it is past, and no carrier says where the parcel is."""
    language = case.language
    if case.promise is not None:
        return _view(
            conn,
            case,
            UNKNOWN,
            title=language.gettext("Your parcel should be there by now."),
            text=language.gettext(
                "Nobody tells us where this parcel is. If it has not come, reply to your order confirmation."
            ),
        )
    return _view(conn, case, UNKNOWN, title=language.gettext("Delivery"), text=language.gettext(LATER))


def _title(case: Case) -> str:
    if case.days is None:
        return case.language.gettext("Your parcel is on its way.")
    return case.language.gettext("With you %(days)s", days=case.span(case.days))


def _view(
    conn: Connection,
    case: Case,
    state: str,
    *,
    title: str,
    text: str,
    help_text: str | None = None,
    days: Days | None = None,
) -> DeliveryView:
    language, promise = case.language, case.promise
    shown = days if state == LATE else case.days
    first = None if promise is None else Days(promise.earliest, promise.latest)
    moved = first is not None and (bool(case.changes) or state == LATE)
    parcels = travelling(case)
    to_follow = next((one for one in parcels if one.tracking_url and not one.done), None)
    rate = kept_rate(conn, case.ctx.shop.id, case.today)
    return DeliveryView(
        state=state,
        title=title,
        text=text,
        note=_note(case, state),
        earliest=shown.earliest if shown else None,
        latest=shown.latest if shown else None,
        carrier=case.carrier,
        chance=_chance(case, state),
        first_promise=first,
        first_text=language.gettext("First promised: %(days)s.", days=case.span(first))
        if moved and first
        else None,
        changes=tuple(change(case, one) for one in case.changes),
        steps=steps(case, shown),
        parcels=parcels if len(parcels) > 1 else (),
        tracking_url=to_follow.tracking_url if to_follow else None,
        tracking_text=language.gettext("Follow the parcel") if to_follow else None,
        help_text=help_text,
        kept_rate=rate,
        kept_text=kept_text(language, rate) if state in {PROMISED, HANDED_OVER} else None,
    )


def _chance(case: Case, state: str) -> int | None:
    """The stated probability is that of the first promise; it is told while that one stands."""
    if state not in {PROMISED, HANDED_OVER} or case.promise is None or case.changes:
        return None
    events = json.loads(case.promise.inputs).get("events", 0)
    return None if case.promise.chance is None or events < ENOUGH else percent(case.promise.chance)


def _note(case: Case, state: str) -> str | None:
    if _chance(case, state) is None:
        return None
    return likely(case.language, case.promise.chance, case.promise.latest, case.today)
