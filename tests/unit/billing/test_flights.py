"""A question to a vendor is asked once for all who want to know, and ended though they leave."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from plugin.billing.flights import Depart, Flights

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)


class Vendor:
    """Answers when it is let; counts the questions, stamped by their order."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.out = asyncio.Event()
        self.asked = 0
        self.answered = 0

    async def ask(self, departs: Depart) -> None:
        departs(NOW if self.asked == 0 else LATER)
        self.asked += 1
        self.out.set()
        await self.gate.wait()
        self.answered += 1


async def test_whoever_asks_meanwhile_shares_the_answer() -> None:
    flights, vendor = Flights(), Vendor()
    asking = [asyncio.create_task(flights.join(1, NOW, vendor.ask)) for _ in range(3)]
    await vendor.out.wait()
    vendor.gate.set()
    await asyncio.gather(*asking)
    assert vendor.asked == 1


async def test_whoever_leaves_does_not_end_the_question() -> None:
    flights, vendor = Flights(), Vendor()
    asking = asyncio.create_task(flights.join(1, NOW, vendor.ask))
    await vendor.out.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    vendor.gate.set()
    await flights.join(1, NOW, vendor.ask)
    assert (vendor.asked, vendor.answered) == (1, 1)


async def test_a_question_that_went_out_before_does_not_answer_a_later_one() -> None:
    flights, vendor = Flights(), Vendor()
    first = asyncio.create_task(flights.join(1, NOW, vendor.ask))
    await vendor.out.wait()
    second = asyncio.create_task(flights.join(1, LATER, vendor.ask))
    vendor.gate.set()
    await asyncio.gather(first, second)
    assert vendor.answered == 2


async def test_a_failure_reaches_everybody_and_the_next_one_asks_again() -> None:
    async def fail(departs: Depart) -> None:
        await asyncio.sleep(0)
        raise ConnectionError

    flights, vendor = Flights(), Vendor()
    told = await asyncio.gather(*(flights.join(1, NOW, fail) for _ in range(2)), return_exceptions=True)
    assert [type(one) for one in told] == [ConnectionError, ConnectionError]
    vendor.gate.set()
    await flights.join(1, NOW, vendor.ask)
    assert vendor.answered == 1


async def test_closing_breaks_off_what_is_under_way() -> None:
    flights, vendor = Flights(), Vendor()
    asking = asyncio.create_task(flights.join(1, NOW, vendor.ask))
    await vendor.out.wait()
    await flights.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert vendor.answered == 0
