"""What the pocket Shopify remembers from one start to the next."""

from pathlib import Path

import pytest

from sandbox.keeping import keep, recall
from sandbox.seed import furnish
from sandbox.simulator import Simulator


def started() -> Simulator:
    return Simulator(client_id="c", client_secret="s")


@pytest.fixture
def first() -> Simulator:
    made = started()
    furnish(made, "example")
    return made


def test_a_second_start_finds_everything_as_it_was(first: Simulator, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    keep(first, memory)
    second = started()
    assert recall(second, memory)
    before, after = first.shop("example"), second.shop("example")
    assert after.orders.keys() == before.orders.keys()
    assert [order.body for order in after.orders.values()] == [order.body for order in before.orders.values()]
    assert after.products == before.products
    assert after.customers == before.customers
    assert after.next_order_number == before.next_order_number
    assert second.state.app_id == first.state.app_id


def test_no_number_is_given_twice(first: Simulator, tmp_path: Path) -> None:
    keep(first, tmp_path / "memory")
    second = started()
    recall(second, tmp_path / "memory")
    known = set(second.shop("example").orders)
    fresh = second.place_order(("10.00",)).id
    assert fresh not in known
    assert fresh == first.place_order(("10.00",)).id, "counting goes on where it stopped"


def test_a_first_start_remembers_nothing(tmp_path: Path) -> None:
    assert not recall(started(), tmp_path / "memory")


def test_what_is_kept_is_for_its_owner_alone(first: Simulator, tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    keep(first, memory)
    keep(first, memory)
    assert memory.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["memory"]
