"""What Shopify says of a shop itself follows the shop: a development store becomes a real one, and pays from then on."""

from plugin import onboarding, shops
from plugin.tasks import TaskRun, task
from plugin.wake import Bells
from tests.integration.earning.conftest import NewErrand
from tests.integration.earning.shopify import Errand


async def held(errand: Errand) -> bool:
    """Whether we take the shop for a development store."""
    found = await errand.db.read(lambda conn: shops.shop_by_id(conn, errand.shop.id))
    assert found is not None
    return found.development


async def asked(errand: Errand) -> list[str]:
    """The tasks that the shop's notice asked for."""
    rows = await errand.db.read(lambda conn: conn.execute(task.select()).all())
    return [row.name for row in rows if row.name == shops.FACTS]


async def test_a_notice_of_the_shop_has_its_facts_read_again(new_errand: NewErrand) -> None:
    errand = await new_errand()
    for development in (True, False):
        errand.sim.update_shop(errand.shop.handle, development=development)
        await errand.tell()
        assert await asked(errand) == [shops.FACTS]
        run = TaskRun(
            errand.db,
            errand.gateway.link.keyring,
            Bells(),
            errand.gateway,
            errand.shop,
            "all",
            {},
            errand.now,
        )
        await onboarding.TASKS[shops.FACTS](run)
        assert await held(errand) == development
