"""Between campaigns: the first that fits, and no waiting for one that comes after a certain one."""

from datetime import date

import pytest

from widgets.coupon.doubts import NOBODY, Buyer, Choice, Doubt, decode, settle
from widgets.coupon.owed import Refusal

DAY = date(2026, 12, 21)
STAMPS = Choice("stamp", 2, DAY, every=5)
FIRST = Choice("", 1, DAY, first_only=True)
ANY = Choice("", 1, DAY)


def got(doubt: Doubt, buyer: Buyer) -> tuple[int, Refusal | None] | None:
    found = settle(doubt, buyer, DAY)
    return None if found is None else (found.node_id, found.refusal)


@pytest.mark.parametrize(
    ("choices", "buyer", "expected"),
    [
        ((ANY,), Buyer(), (1, None)),
        ((STAMPS, ANY), Buyer(), None),
        ((STAMPS, ANY), Buyer(5, is_first=False), (2, None)),
        ((STAMPS, ANY), Buyer(10, is_first=False), (2, None)),
        ((STAMPS, ANY), Buyer(4, is_first=False), (1, None)),
        ((STAMPS, ANY), NOBODY, (1, None)),
        ((FIRST,), Buyer(1, is_first=True), (1, None)),
        ((FIRST,), Buyer(2, is_first=False), (1, Refusal.FIRST)),
        ((FIRST,), NOBODY, (1, Refusal.FIRST)),
        ((STAMPS, FIRST), Buyer(3, is_first=False), (1, Refusal.FIRST)),
        ((ANY, STAMPS), Buyer(), (1, None)),
    ],
)
def test_the_first_that_fits(
    choices: tuple[Choice, ...], buyer: Buyer, expected: tuple[int, Refusal | None] | None
) -> None:
    assert got(Doubt(choices, 1, DAY), buyer) == expected


def test_without_a_choice_the_reason_is_the_orders_own() -> None:
    assert got(Doubt((), 1, DAY, Refusal.MINIMUM), Buyer()) == (1, Refusal.MINIMUM)
    assert got(Doubt((STAMPS,), 1, DAY, Refusal.MINIMUM), Buyer(1)) == (1, Refusal.MINIMUM)


def test_what_is_written_down_is_read_again() -> None:
    for doubt in (Doubt((STAMPS, FIRST), 1, DAY), Doubt((), 1, DAY, Refusal.SOURCE)):
        assert decode(doubt.encode()) == doubt


@pytest.mark.parametrize(
    ("tags", "expected"), [(None, None), (frozenset({"vip"}), (3, None)), (frozenset({"x"}), (1, None))]
)
def test_one_of_the_tags_is_enough_in_any_case(
    tags: frozenset[str] | None, expected: tuple[int, Refusal | None] | None
) -> None:
    tagged = Choice("vip", 3, DAY, tags=("VIP", "press"))
    assert got(Doubt((tagged, ANY), 1, DAY), Buyer(tags=tags)) == expected


def test_a_condition_that_fails_needs_no_answer_to_the_other() -> None:
    both = Choice("vip", 3, DAY, first_only=True, tags=("vip",))
    assert got(Doubt((both, ANY), 1, DAY), Buyer(tags=frozenset())) == (1, None)
    assert got(Doubt((both, ANY), 1, DAY), Buyer(2, is_first=False)) == (1, None)


EARLIER = date(2026, 12, 1)
OVER = Choice("over", 3, EARLIER)
VIP = Choice("vip", 4, DAY, tags=("vip",))


@pytest.mark.parametrize(
    ("choices", "buyer", "expected"),
    [
        ((OVER, ANY), Buyer(), (1, None)),
        ((OVER,), Buyer(), (1, Refusal.PAST)),
        ((OVER, FIRST), NOBODY, (1, Refusal.PAST)),
        ((Choice("stamp", 2, EARLIER, every=5), ANY), Buyer(), (1, None)),
    ],
)
def test_what_is_over_is_no_choice(
    choices: tuple[Choice, ...], buyer: Buyer, expected: tuple[int, Refusal | None]
) -> None:
    assert got(Doubt(choices, 1, DAY), buyer) == expected


@pytest.mark.parametrize(
    ("choices", "buyer", "expected"),
    [
        ((STAMPS, VIP, ANY), Buyer(), (1, None)),
        ((STAMPS, VIP, ANY), Buyer(tags=frozenset({"vip"})), (4, None)),
        ((STAMPS, VIP), Buyer(), None),
        ((STAMPS, VIP), Buyer(4, is_first=False), None),
        ((VIP,), Buyer(4, is_first=False, tags=frozenset()), (1, Refusal.FIRST)),
    ],
)
def test_without_patience_the_first_that_is_certain(
    choices: tuple[Choice, ...], buyer: Buyer, expected: tuple[int, Refusal | None] | None
) -> None:
    found = settle(Doubt(choices, 1, DAY), buyer, DAY, patient=False)
    assert (found and (found.node_id, found.refusal)) == expected


def test_what_comes_instead_is_as_certain() -> None:
    found = settle(Doubt((STAMPS, ANY, OVER, VIP, FIRST), 1, DAY), Buyer(5, is_first=True), DAY)
    assert found is not None
    assert (found.name, found.others) == ("stamp", (ANY, FIRST))


def test_what_was_opened_before_there_was_a_promise_is_read() -> None:
    old = '{"choices":[{"c":"","n":1,"d":"2026-12-21"}],"node_id":1,"last_day":"2026-12-21"}'
    assert decode(old) == Doubt((ANY,), 1, DAY)
