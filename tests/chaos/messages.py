"""What Shopify has to tell: the history of some orders in two shops, as signed webhooks in the order of their arrival.

The orders of the one shop are known to its Admin API, those of the other to their webhooks alone, so that nothing can
mend what a lost webhook did not say.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from random import Random
from typing import Any

from sandbox.simulator import Simulator
from sandbox.state import Customer, Order, Refused
from tests.oracle.bodies import Piece, merge
from tests.oracle.orders import Delivery
from tests.oracle.purchase import Purchase

TOLD, KNOWN = "told", "known"
"""The shop whose orders only webhooks know of, and the one whose orders the Admin API knows too."""

ONLY_ONE = 0.5
"""Share of changes of which one webhook alone arrives: nothing else says what it says."""


@dataclass(frozen=True, slots=True)
class Message:
    """A webhook; ``says`` is what the oracle is told of it, ``fate`` what must become of it."""

    id: str
    shop: str
    topic: str
    body: bytes
    says: Delivery | None = None
    fate: str = "handled"


@dataclass(frozen=True, slots=True)
class Past:
    """All that is to be told, and what the Admin API says of it besides."""

    messages: tuple[Message, ...]
    fetched: tuple[Delivery, ...]


def past(simulator: Simulator, orders: int, dice: Random, now: datetime) -> Past:
    """The history of so many orders, whose changes are all of different seconds."""
    told = list(_of_purchases(simulator, orders // 2, dice, now))
    known, fetched = _of_sandbox(simulator, orders - orders // 2, dice, now)
    rest = [Message(f"{TOLD}-odd-{number}", *odd) for number, odd in enumerate(_odd(orders // 20 + 1))]
    return Past(tuple(told + known + rest), tuple(fetched))


def arrivals(messages: Sequence[Message], dice: Random) -> list[Message]:
    """Mostly in turn, some twice, some before what they follow, and some at the very end, a week late."""
    places = [(number + dice.gauss(0, 15), message) for number, message in enumerate(_mixed(messages, dice))]
    twice = [(at + dice.uniform(0, 60), message) for at, message in places if dice.random() < 0.15]
    late = [
        (len(places) + dice.random() if dice.random() < 0.1 else at, message)
        for at, message in places + twice
    ]
    return [message for _, message in sorted(late, key=lambda one: one[0])]


def _mixed(messages: Sequence[Message], dice: Random) -> list[Message]:
    """The shops' messages together, each order's still in turn."""
    queues = [list(group) for _, group in groupby(messages, key=lambda one: one.id.rsplit("-", 1)[0])]
    found = []
    while queues:
        queue = dice.choice(queues[:12])
        found.append(queue.pop(0))
        if not queue:
            queues.remove(queue)
    return found


def _of_purchases(simulator: Simulator, count: int, dice: Random, now: datetime) -> Iterator[Message]:
    people = [simulator.customer(f"{n}@example.com", shop=TOLD).id for n in range(count // 4 + 3)]
    for number in range(count):
        deliveries = list(_lived(number + 1, people[:-2], dice, now).deliveries)
        for place, (_, group) in enumerate(groupby(deliveries, key=lambda one: str(one.body))):
            same = list(group)
            for copy, one in enumerate([dice.choice(same)] if dice.random() < ONLY_ONE else same):
                yield _message(f"{TOLD}-{number}-{place}.{copy}", TOLD, one)
    yield _message(f"{TOLD}-merge-0", TOLD, Delivery("customers/merge", merge(people[0], people[-1])))


def _lived(number: int, people: Sequence[int], dice: Random, now: datetime) -> Purchase:
    """An order of the last three weeks and what happened to it."""
    placed = (now - timedelta(seconds=dice.randrange(3 * 86_400, 20 * 86_400))).replace(microsecond=0)
    pieces = [Piece(number * 10 + line, dice.randrange(500, 9000), dice.randrange(1, 4)) for line in range(3)]
    bought = Purchase(
        id=10**12 + number,
        placed_at=placed,
        pieces=pieces[: dice.randrange(1, 4)],
        customer=dice.choice([*people, None]),
        token=f"token{number}",
    )
    bought.place(dice.choice(["paid", "paid", "paid", "pending"]))
    for turn in range(dice.choice([0, 0, 1, 2, 3])):
        bought.wait(dice.randrange(1, 40_000))
        step = dice.choice(["pay", "refund", "favour", "edit", "cancel", "attach", "delete"])
        if step == "pay":
            bought.pay()
        elif step == "refund":
            bought.refund(number * 100 + turn, {0: 1})
        elif step == "favour":
            bought.refund(number * 100 + turn, favour=min(300, bought.merchandise()))
        elif step == "edit":
            bought.add(Piece(number * 10 + 5 + turn, dice.randrange(100, 3000)))
        elif step == "attach":
            bought.belong_to(dice.choice(people))
        elif step == "delete":
            bought.delete()
            break
        else:
            bought.cancel()
            break
    return bought


def _message(id: str, shop: str, told: Delivery) -> Message:
    return Message(id, shop, told.topic, json.dumps(told.body).encode(), told)


def _of_sandbox(
    simulator: Simulator, count: int, dice: Random, now: datetime
) -> tuple[list[Message], list[Delivery]]:
    people = [simulator.customer(f"{n}@example.com", shop=KNOWN) for n in range(count // 4 + 1)]
    simulator.sender.log.clear()
    placed = [_bought(simulator, people, dice, now) for _ in range(count)]
    told: list[Message] = []
    by_order: dict[int, list[tuple[str, bytes]]] = {}
    for sent in simulator.deliveries:
        body = sent.payload
        whose = int(body["order_id"] if sent.topic == "refunds/create" else body["id"])
        by_order.setdefault(whose, []).append((sent.topic, sent.body))
    for number, whose in enumerate(sorted(by_order)):
        for place, (body, group) in enumerate(groupby(by_order[whose], key=lambda one: one[1])):
            topics = [topic for topic, _ in group]
            kept = [dice.choice(topics)] if dice.random() < ONLY_ONE else topics
            told += [
                Message(
                    f"{KNOWN}-{number}-{place}.{copy}", KNOWN, topic, body, Delivery(topic, json.loads(body))
                )
                for copy, topic in enumerate(kept)
            ]
    return told, [Delivery("orders/updated", one.body, "api", now) for one in placed]


def _bought(simulator: Simulator, people: Sequence[Customer], dice: Random, now: datetime) -> Order:
    at = (now - timedelta(seconds=dice.randrange(3_600, 20 * 86_400))).replace(microsecond=0)
    price = f"{dice.randrange(5, 90)}.{dice.randrange(10)}0"
    who = dice.choice([*people, None])
    order = simulator.place_order(((price, 2),), shop=KNOWN, customer=who, at=at)
    for _ in range(dice.choice([0, 0, 1, 2])):
        at = min(at + timedelta(seconds=dice.randrange(1, 40_000)), now - timedelta(minutes=1))
        line: dict[str, Any] = order.body["line_items"][0]
        try:
            match dice.choice(["refund", "edit", "cancel"]):
                case "refund":
                    simulator.refund(order, {line["id"]: 1}, at=at)
                case "edit":
                    simulator.edit_order(order, {line["id"]: 3}, at=at)
                case _:
                    simulator.cancel(order, at=at)
        except Refused:
            """There is nothing left to take back."""
    return order


def _odd(count: int) -> Iterator[tuple[str, str, bytes, None, str]]:
    """What is set aside with a reason, and what is refused."""
    bad = b'{"id": 1, "updated_at": '
    for number in range(count):
        yield from (
            (TOLD, "orders/paid", bad + str(number).encode(), None, "parked"),
            (TOLD, "orders/imagined", b'{"id": %d}' % number, None, "parked"),
            ("nobody", "orders/paid", b'{"id": %d}' % number, None, "parked"),
            (TOLD, "orders/paid", b'{"forged": %d}' % number, None, "refused"),
        )


def present() -> datetime:
    """The present."""
    return datetime.now(UTC)
