"""What a merchant reads about the state of their plan: facts, what they mean, and what goes on whatever happens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plugin.admin.alerts import Alert
from plugin.admin.desk import Desk
from plugin.admin.gated import over
from plugin.billing.gates import GRACE, Step
from plugin.billing.plans import PLANS
from plugin.billing.standing import Standing
from plugin.billing.subscriptions import State, Subscription
from plugin.core.fates import Fate
from plugin.language import sentence


@dataclass(frozen=True, slots=True)
class Notice:
    """A banner; ``tone`` is info, warning or critical."""

    tone: str
    heading: str
    text: str


_GOES_ON = sentence("Points, coupons and everything that runs go on.")
_COUNTED = (
    (Fate.KEPT, sentence("Counted: kept orders")),
    (Fate.REFUNDED, sentence("Left out: refunded in full")),
    (Fate.CANCELLED, sentence("Left out: cancelled")),
    (Fate.TEST, sentence("Left out: test orders")),
    (Fate.UNPAID, sentence("Left out: not paid so far")),
    (Fate.WORTHLESS, sentence("Left out: free, or gift cards alone")),
)


def counted_as() -> Sequence[tuple[Fate, str]]:
    """Return every way in which an order is counted or left out, and how it is called."""
    return _COUNTED


def state_of(desk: Desk, found: Standing) -> tuple[str, str]:
    """Return the badge's tone and text."""
    gettext, row = desk.language.gettext, found.row
    if not desk.runtime.billing.can.needed:
        return "success", gettext("No plan needed")
    if desk.shop.development:
        return "success", gettext("Free for development stores")
    if row is None or not (found.living or row.state is State.DECLINED):
        return "success", gettext("Active")
    if row.cancel_at is not None and row.cancel_at > desk.now:
        return "warning", gettext("Ends on %(day)s", day=desk.day(row.cancel_at))
    words = {
        State.TRIALING: ("info", gettext("Trial")),
        State.PAST_DUE: ("critical", gettext("Payment open")),
        State.FROZEN: ("warning", gettext("Paused")),
        State.DECLINED: ("success", gettext("Active")),
    }
    tone, text = words.get(row.state, ("success", gettext("Active")))
    return tone, ", ".join((text, gettext("test"))) if row.test else text


def notices(desk: Desk, found: Standing, *, silent: bool) -> Iterator[Notice]:
    """Yield what there is to say, the most pressing first."""
    row = found.row
    if not desk.runtime.billing.can.needed or desk.shop.development:
        return
    if row is not None:
        yield from _of_state(desk, found, row)
    yield from _of_count(desk, found)
    if silent:
        yield _silence(desk, row)


def _of_state(desk: Desk, found: Standing, row: Subscription) -> Iterator[Notice]:
    gettext = desk.language.gettext
    goes_on = gettext(_GOES_ON)
    if row.state is State.PAST_DUE:
        since = row.past_due_since or row.checked_at or desk.now
        if desk.now < since + GRACE:
            text = gettext(
                "It has been open since %(day)s and is tried again by itself.", day=desk.day(since)
            )
            then = gettext(
                "If it is still open on %(day)s, you have the free plan.", day=desk.day(since + GRACE)
            )
        else:
            text = gettext(
                "It has been open since %(day)s, so you have the free plan now.", day=desk.day(since)
            )
            then = gettext(
                "Pay it to have your plan back, or cancel the plan so that nothing more is charged."
            )
        heading = gettext("The last payment did not go through")
        yield Notice("critical", heading, f"{text} {then} {goes_on}")
    if row.state is State.FROZEN:
        text = gettext("Your plan is back once your shop is open again; nothing is charged meanwhile.")
        yield Notice("warning", gettext("Your shop is paused at Shopify, and your plan with it"), text)
    if row.state is State.DECLINED:
        text = gettext("Nothing is charged, and you have the free plan.")
        yield Notice("info", gettext("The offer was not accepted"), text)
    ended = row.state is State.CANCELLED and found.held.handle != row.plan
    if ended and row.plan != PLANS[0].handle:
        text = gettext("You have the free plan now.")
        yield Notice("info", gettext("Your plan has ended"), f"{text} {goes_on}")
    if found.held.handle and found.held.plan is None:
        text = gettext("You keep what you have at its price, without a limit, until you choose another.")
        yield Notice("info", gettext("Your plan is no longer offered"), text)
    if row.pending_plan is not None:
        names = {plan.handle: gettext(plan.name) for plan in PLANS}
        name = names.get(row.pending_plan, row.pending_plan)
        if row.pending_at is None:
            yield Notice("info", gettext("Your plan becomes “%(plan)s”", plan=name), "")
        else:
            heading = gettext("From %(day)s your plan is “%(plan)s”", day=desk.day(row.pending_at), plan=name)
            yield Notice("info", heading, gettext("Until then you have what you have now."))
    if row.state is State.TRIALING and row.trial_end is not None:
        heading = gettext("Your trial ends on %(day)s", day=desk.day(row.trial_end))
        yield Notice("info", heading, gettext("Until then nothing is charged."))


def _of_count(desk: Desk, found: Standing) -> Iterator[Notice]:
    gettext, verdict = desk.language.gettext, found.verdict
    if verdict.step is Step.WITHIN or verdict.until is None:
        return
    always = gettext("Switching off, lowering and capping are always possible, and what runs goes on.")
    why = over(desk.language, found)
    if verdict.waits:
        text = gettext("New ones can be made again with a larger plan, or after a month within this one.")
        yield Notice("info", gettext("New campaigns and rules wait"), f"{why} {text} {always}")
        return
    text = gettext("Nothing changes until %(day)s.", day=desk.day(verdict.until))
    then = gettext("From then on new campaigns and rules wait for a larger plan.")
    yield Notice("info", gettext("More orders than your plan covers"), f"{why} {text} {then} {always}")


def _silence(desk: Desk, row: Subscription | None) -> Notice:
    gettext = desk.language.gettext
    heading = gettext("Your plan cannot be looked up just now")
    if row is None or row.checked_at is None:
        return Notice("info", heading, gettext("Everything is open to you meanwhile. We go on asking."))
    text = gettext(
        "This is what was known on %(moment)s, and it stands until we hear more.",
        moment=desk.moment(row.checked_at),
    )
    return Notice("info", heading, text)


def plan_alerts(desk: Desk, found: Standing) -> tuple[Alert, ...]:
    """Return what the home page says of it: a payment that is open, and what waits or will."""
    pressing = [one for one in notices(desk, found, silent=False) if one.tone == "critical"]
    pressing += _of_count(desk, found) if not desk.shop.development else ()
    label, href = desk.language.gettext("Your plan"), desk.link("/admin/plan")
    return tuple(Alert(one.text, one.heading, href, label=label, tone=one.tone) for one in pressing)
