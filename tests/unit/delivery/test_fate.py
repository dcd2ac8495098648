"""What becomes of a promise where parcels without tracking, late ones and orders called off meet: by the facts alone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plugin.core.orders import Line, OrderFacts, OrderState, Refund, RefundLine, Snapshot
from plugin.core.parcels import Parcel, Scan
from widgets.delivery.journey import REPORTED, SILENCE, Fate, fate, legs

BERLIN = ZoneInfo("Europe/Berlin")
LATEST = date(2026, 3, 6)
OVER = datetime(2026, 3, 6, 23, tzinfo=UTC)
"""Midnight in Berlin, at the end of that day."""


def march(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def given_back(id: int, at: datetime, *lines: int) -> Refund:
    """A refund of a piece of each line, or of money alone."""
    return Refund(id, at, tuple(RefundLine(line, 1, 1000, 160) for line in lines))


def parcel(
    id: int, left: datetime, *scans: tuple[str, datetime], line: int = 11, number: bool = True
) -> Parcel:
    """A parcel with a piece of the line; without a number no carrier will ever tell of it."""
    told = tuple(Scan(id * 10 + n, status, at, at) for n, (status, at) in enumerate(scans))
    return Parcel(id, left, left, "success", "DHL", "1" if number else None, items=((line, 1),), scans=told)


def became(
    now: datetime,
    *parcels: Parcel,
    lines: int = 1,
    refunds: tuple[Refund, ...] = (),
    cancelled: datetime | None = None,
    status: str = "paid",
) -> Fate:
    """What became by now of an order of 2 March with lines 11, 12 and so on, of a piece each."""
    taken = {line.line_id for refund in refunds for line in refund.lines or ()}
    bought = tuple(
        Line(id, None, 1, int(id not in taken), gift_card=False, ships=True, price=1000)
        for id in range(11, 11 + lines)
    )
    ordered = march(2, 9)
    told = max((ordered, *(refund.at for refund in refunds)))
    facts = OrderFacts(
        1,
        told,
        ordered,
        ordered,
        cancelled,
        False,
        "EUR",
        True,
        status,
        0,
        1000,
        160,
        lines=bought,
        refunds=refunds,
        country="DE",
    )
    state = OrderState(Snapshot(facts), refunds=refunds, parcels=parcels)
    return fate(state, legs(state, BERLIN, ordered, now), LATEST, BERLIN, now)


LETTER = parcel(7, march(3), number=False)
BACK = (given_back(1, march(25), 11),)


@pytest.mark.parametrize("how", [{"refunds": BACK}, {"cancelled": march(25)}])
def test_a_letter_that_is_sent_back_says_no_more_than_one_that_is_kept(how: dict[str, object]) -> None:
    assert became(march(26), LETTER).outcome == "unknown"
    assert became(march(26), LETTER, **how).outcome == "unknown"  # type: ignore[arg-type]
    assert became(march(26), parcel(7, march(3)), **how).outcome == "unknown", "nor one never scanned"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "parcels", "lines"),
    [
        ("it was never sent", (), 1),
        ("its carrier had it", (parcel(7, march(3), ("in_transit", march(4))),), 1),
        ("a letter that left late", (parcel(7, march(9), number=False),), 1),
        ("a letter, and a piece that never left", (LETTER,), 2),
        (
            "a letter, and a parcel that came late",
            (LETTER, parcel(8, march(3), ("delivered", march(9)), line=12)),
            2,
        ),
        (
            "a letter, and a parcel under way",
            (LETTER, parcel(8, march(3), ("in_transit", march(4)), line=12)),
            2,
        ),
        (
            "a letter, and a parcel that came back",
            (LETTER, parcel(8, march(3), ("failure", march(5)), line=12)),
            2,
        ),
    ],
)
def test_what_is_given_back_after_its_day_is_missed_where_the_facts_prove_it(
    what: str, parcels: tuple[Parcel, ...], lines: int
) -> None:
    back = (given_back(1, march(12), *range(11, 11 + lines)),)
    assert became(march(13), *parcels, lines=lines, refunds=back).outcome == "missed", what


def test_a_letter_beside_what_is_proved_late_does_not_excuse_it() -> None:
    late = became(march(20), parcel(7, march(20, 10), number=False))
    assert (late.outcome, late.decided_at) == ("missed", OVER + REPORTED)
    soon = became(march(7), parcel(7, march(7, 10), number=False))
    assert (soon.outcome, soon.decided_at) == ("missed", march(7, 10))
    other = parcel(8, march(3), ("delivered", march(15)), line=12)
    assert became(march(16), LETTER, other, lines=2).outcome == "missed"
    came = parcel(8, march(3), ("delivered", march(5)), line=12)
    assert became(march(16), LETTER, came, lines=2).outcome == "unknown"


def test_a_parcel_under_way_beside_a_letter_is_awaited_and_then_missed() -> None:
    moving = parcel(8, march(3), ("in_transit", march(4)), line=12)
    assert became(march(8), LETTER, moving, lines=2) == Fate(
        march(3).date(), review_at=OVER + REPORTED, awaited=True
    )
    assert became(march(9), LETTER, moving, lines=2).outcome == "missed"
    assert became(march(26), LETTER, moving, lines=2).outcome == "missed", "lost"


def test_what_is_not_handed_over_is_missed_once_its_day_has_been_reported() -> None:
    waits = became(OVER + REPORTED - timedelta(seconds=1))
    assert (waits.outcome, waits.review_at) == (None, OVER + REPORTED)
    missed = became(OVER + REPORTED)
    assert (missed.outcome, missed.decided_at, missed.review_at) == ("missed", OVER + REPORTED, None)
    assert became(march(12), LETTER).outcome == "unknown", "told late that it left in time"
    assert became(march(12), parcel(7, march(5), ("delivered", march(6)))).outcome == "kept"


@pytest.mark.parametrize("status", ["pending", "authorized"])
def test_what_waits_for_its_money_is_nobodys_miss(status: str) -> None:
    assert became(march(20), status=status).outcome is None
    given_up = became(OVER + SILENCE, status=status)
    assert (given_up.outcome, given_up.decided_at) == ("unknown", OVER + SILENCE)


def test_awaited_is_what_may_still_come_to_somebody_who_waits_for_it() -> None:
    now, moving = march(12), parcel(7, march(3), ("in_transit", march(4)))
    waits = {
        "late, and not handed over": became(now),
        "under way": became(now, moving),
        "sent on account": became(now, moving, status="pending"),
        "another one may be sent": became(now, parcel(7, march(3), ("failure", march(5)))),
    }
    assert [what for what, one in waits.items() if not one.awaited] == []
    rests = {
        "it came late": became(now, parcel(7, march(3), ("delivered", march(9)))),
        "nobody will ever know": became(now, LETTER),
        "it waits for its money": became(now, status="pending"),
    }
    assert [what for what, one in rests.items() if one.awaited] == []
    for off in (became(now, cancelled=march(10)), became(now, refunds=(given_back(1, march(10), 11),))):
        assert (off.outcome, off.awaited) == ("missed", False)


def test_money_given_back_later_does_not_move_the_day_of_calling_off() -> None:
    back, favour = given_back(1, march(4), 11), given_back(2, march(12))
    for status in ("partially_refunded", "refunded"):
        void = became(march(13), refunds=(back, favour), status=status)
        assert (void.outcome, void.decided_at) == ("void", march(4)), status
    half = became(march(13), lines=2, refunds=(back, given_back(2, march(12), 12)))
    assert (half.outcome, half.decided_at) == ("missed", march(12)), "the last piece decides"
    money = became(march(13), refunds=(given_back(1, march(4)), favour), status="refunded")
    assert (money.outcome, money.decided_at) == ("missed", march(12)), "without pieces, the last money"
