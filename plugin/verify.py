"""``dankbar verify``: every invariant recomputed from committed facts, on one unchanging state of the database."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, func, select

import widgets
from plugin.core.accounts import account
from plugin.core.ledger import ledger_entry
from plugin.shops import shop
from webhooks.inbox import PARKED, WAITING, inbox
from widgets import Breach

MOST_BREACHES = 1000

_ACCOUNTS = select(func.count()).select_from(account)
_ENTRIES = (
    select(func.count()).select_from(account).join(ledger_entry, ledger_entry.c.account_id == account.c.id)
)


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at and what does not hold; waiting and parked events are no breach."""

    accounts: int
    entries: int
    inbox_waiting: int
    parked: int
    breaches: tuple[Breach, ...]

    @property
    def ok(self) -> bool:
        """Tell whether every invariant holds."""
        return not self.breaches

    def as_json(self) -> dict[str, Any]:
        """Return the report in the form of the contract."""
        return {
            "ok": self.ok,
            "accounts": self.accounts,
            "entries": self.entries,
            "inbox_waiting": self.inbox_waiting,
            "parked": self.parked,
            "breaches": [asdict(breach) for breach in self.breaches],
        }


def verify(conn: Connection, handle: str | None, shop_id: int | None, now: datetime) -> Report:
    """Check every widget's invariants, of one shop or of all; stops collecting after a thousand breaches."""
    found = (breach for check in _checks() for breach in check(conn, shop_id, now))
    breaches = list(islice(found, MOST_BREACHES))
    return Report(
        accounts=_count(conn, _ACCOUNTS, shop_id),
        entries=_count(conn, _ENTRIES, shop_id),
        inbox_waiting=_events(conn, handle, WAITING),
        parked=_events(conn, handle, PARKED),
        breaches=tuple(breaches),
    )


def sentences(report: Report) -> Sequence[str]:
    """Return the report as lines for a person."""
    counts = f"{report.accounts} accounts, {report.entries} entries"
    lines = [f"{counts}, {report.inbox_waiting} events waiting, {report.parked} parked."]
    for breach in report.breaches:
        whose = f" (account {breach.account})" if breach.account else ""
        lines.append(f"{breach.invariant}{whose}: {breach.detail}")
    lines.append("All invariants hold." if report.ok else f"{len(report.breaches)} breaches.")
    return lines


def _checks() -> Iterator[Callable[[Connection, int | None, datetime], Iterator[Breach]]]:
    for widget in widgets.ALL.values():
        for invariant in widget.invariants:
            yield invariant.check


def _count(conn: Connection, counted: Select[int], shop_id: int | None) -> int:
    statement = counted if shop_id is None else counted.where(account.c.shop_id == shop_id)
    return int(conn.execute(statement).scalar_one())


def _events(conn: Connection, handle: str | None, state: str) -> int:
    statement = select(func.count()).select_from(inbox).where(inbox.c.state == state)
    if handle is not None:
        statement = statement.where(inbox.c.shop == handle)
    return conn.execute(statement).scalar_one()


def shop_id_of(conn: Connection, handle: str) -> int | None:
    """Return the key of a shop by its handle."""
    return conn.execute(select(shop.c.id).where(shop.c.handle == handle)).scalar_one_or_none()
