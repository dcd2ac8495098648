"""What the last night found out, in a merchant's words: whether the points add up, and what webhooks had missed."""

from dataclasses import dataclass

from sqlalchemy import Connection

import widgets
from plugin import nightly
from plugin.admin.desk import Desk
from plugin.nightly import BY_NIGHT, STALE, Checked, Compared


@dataclass(frozen=True, slots=True)
class Difference:
    """A kind of thing that does not add up, and how many times."""

    what: str
    count: int


@dataclass(frozen=True, slots=True)
class Proof:
    """``tone`` is the banner's: success, warning (an old result), critical, or info before the first check."""

    tone: str
    heading: str
    text: str
    compared: str
    differences: tuple[Difference, ...] = ()
    details: tuple[str, ...] = ()


def proof(conn: Connection, desk: Desk) -> Proof:
    """Return what is kept of the shop's newest check and of its newest comparison with Shopify."""
    found = nightly.last_check(conn, desk.shop.id)
    compared = _compared(desk, nightly.last_comparison(conn, desk.shop.id))
    gettext = desk.language.gettext
    if found is None:
        text = gettext(
            "Every night all balances are recalculated from orders and entries. The first result will be here soon."
        )
        return Proof("info", gettext("Not checked yet"), text, compared)
    entries = desk.language.ngettext(
        "0 differences in %(n)s entry.", "0 differences in %(n)s entries.", found.entries
    )
    if not found.ok:
        return _broken(desk, found, compared)
    if desk.now - found.at > STALE:
        heading = gettext("The last check was on %(moment)s.", moment=desk.moment(found.at))
        text = gettext("It should run every night: see to it that a worker is running, or check now.")
        return Proof("warning", heading, f"{entries} {text}", compared)
    return Proof("success", entries, _when(desk, found), compared)


def _broken(desk: Desk, found: Checked, compared: str) -> Proof:
    total = sum(found.differences.values())
    return Proof(
        "critical",
        desk.language.ngettext("%(n)s thing does not add up.", "%(n)s things do not add up.", total),
        _when(desk, found),
        compared,
        tuple(Difference(_words(desk, name), count) for name, count in found.differences.items()),
        tuple(
            f"{one.invariant}{f' (account {one.account})' if one.account else ''}: {one.detail}"
            for one in found.details
        ),
    )


def _when(desk: Desk, found: Checked) -> str:
    local = found.at.astimezone(desk.settings.zone)
    zone = desk.settings.zone
    of_last_night = found.at >= nightly.last_night(desk.now, zone) and local.hour < BY_NIGHT.hour + 3
    if of_last_night and local.time() >= BY_NIGHT:
        return desk.language.gettext("Checked last night, at %(time)s.", time=f"{local:%H:%M}")
    return desk.language.gettext("Checked on %(moment)s.", moment=desk.moment(found.at))


def _words(desk: Desk, name: str) -> str:
    for widget in widgets.ALL.values():
        for invariant in widget.invariants:
            if name in invariant.says:
                return desk.of_widget(widget.name).gettext(invariant.says[name])
    return name


def _compared(desk: Desk, found: Compared | None) -> str:
    gettext, ngettext = desk.language.gettext, desk.language.ngettext
    if found is None:
        return gettext("Every night the orders of the last two days are compared with Shopify's.")
    orders = ngettext(
        "On %(moment)s, %(n)s order was compared with Shopify's.",
        "On %(moment)s, %(n)s orders were compared with Shopify's.",
        found.fetched,
        moment=desk.moment(found.at),
    )
    missed = gettext("No message was missing.")
    if found.missed:
        missed = ngettext(
            "Shopify's messages had missed %(n)s of them; it is counted now.",
            "Shopify's messages had missed %(n)s of them; they are counted now.",
            found.missed,
        )
    return f"{orders} {missed}"
