"""What comes back of a reward when the order that used its code is undone: rule 17."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction

from tests.oracle.facts import Line, Refund, Snapshot
from tests.oracle.lots import Debit
from tests.oracle.orders import Evidence, chosen, later_refunds, union

Back = tuple[tuple[datetime, int], ...]


def comes_back(debit: Debit, evidence: Mapping[int, Evidence]) -> Back:
    """Each part of the cost that comes back, with the instant it does."""
    used = [order for order in evidence.values() if is_used_by(debit.code, order)]
    if used:
        courses = [course(debit, order) for order in used]
        return min(courses, key=lambda back: (sum(points for _, points in back), _late(back)))
    return () if debit.closed_at is None else ((debit.closed_at, debit.cost),)


def is_used_by(code: str, order: Evidence) -> bool:
    """Whether the order's facts name the code, in any case."""
    s = chosen(order)
    return bool(code) and s is not None and code.casefold() in {used.casefold() for used in s.codes}


def course(debit: Debit, order: Evidence) -> Back:
    """What one order gives back: at every instant at which something happened, what is due then less what was."""
    s = chosen(order)
    if s is None:
        raise LookupError(f"order {order.id} was never shown")
    refunds = list(union(order).values())
    instants = {refund.at for refund in refunds} | {last_word(s, refunds)}
    instants |= set(undoings(s, refunds, deleted=order.deleted))
    found, given = [], 0
    for instant in sorted(instants):
        due = due_at(debit, s, refunds, instant, deleted=order.deleted)
        if due > given:
            found.append((instant, due - given))
            given = due
    return tuple(found)


def due_at(debit: Debit, s: Snapshot, refunds: list[Refund], instant: datetime, *, deleted: bool) -> int:
    """How much of the cost is back at that instant."""
    if any(undone <= instant for undone in undoings(s, refunds, deleted=deleted)):
        return debit.cost
    lines = [line for line in s.lines if not line.gift] or list(s.lines)
    kept = {line.id: pieces_kept(line, s, refunds, instant) for line in lines}
    if lines and not sum(kept.values()):
        return debit.cost
    if debit.kind != "amount":
        return 0
    ours = [
        place for place, code in enumerate(s.by_code) if code and code.casefold() == debit.code.casefold()
    ]
    off = {line.id: sum(amount for place, amount in line.shares if place in ours) for line in lines}
    if not sum(off.values()):
        return 0
    left = sum(Fraction(off[line.id]) * kept[line.id] / line.quantity for line in lines)
    return int(debit.cost - debit.cost * left / sum(off.values()))


def pieces_kept(line: Line, s: Snapshot, refunds: list[Refund], instant: datetime) -> int:
    """So many pieces of the line were kept at that instant; edits count from the last word on."""
    now = max(0, min(line.current, line.quantity) - _returned(line, later_refunds(s, refunds)))
    if instant >= last_word(s, refunds):
        return now
    past = [refund for refund in refunds if refund.at <= instant]
    return max(now, line.quantity - _returned(line, past))


def last_word(s: Snapshot, refunds: list[Refund]) -> datetime:
    """When the newest of the facts was true."""
    return max([s.updated_at, *(refund.at for refund in refunds)])


def undoings(s: Snapshot, refunds: list[Refund], *, deleted: bool) -> list[datetime]:
    """Instants at which the whole order was undone."""
    found = [] if s.cancelled_at is None else [s.cancelled_at]
    if s.status == "refunded":
        found.append(max((refund.at for refund in refunds), default=s.updated_at))
    if deleted or s.status == "voided":
        found.append(s.updated_at)
    return found


def _returned(line: Line, refunds: Iterable[Refund]) -> int:
    every = [gone for refund in refunds for gone in refund.lines or ()]
    return sum(gone.quantity for gone in every if gone.line == line.id)


def _late(back: Back) -> list[tuple[float, int]]:
    """Ranks what came back later before what came back earlier."""
    return [(-at.timestamp(), -points) for at, points in reversed(back)]
