"""The nightly comparison with Shopify's own orders says how many of them no webhook had told of."""

import pytest

from plugin import reconcile
from plugin.nightly import last_comparison
from tests.integration.books.office import Office


async def test_what_webhooks_missed_is_counted_now_and_the_figure_is_kept(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "PORTION", 2)
    known, changed = office.order(), office.order()
    await office.tell()
    office.order("10.00")
    office.sim.cancel(changed)
    office.miss()

    async def kept() -> tuple[int, int]:
        found = await office.db.read(lambda conn: last_comparison(conn, office.shop.id))
        return (found.fetched, found.missed) if found else (-1, -1)

    assert await kept() == (-1, -1)
    await office.tick("orders.reconcile")
    assert "orders.reconcile" in await office.work()
    assert await kept() == (3, 2)
    await office.tick("orders.reconcile")
    await office.work()
    assert await kept() == (3, 0)
    assert known.id != changed.id
