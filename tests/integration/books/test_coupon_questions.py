"""A question about a customer that Shopify withholds is asked again as soon as the merchant allows it."""

from sqlalchemy import select, update

from plugin.tasks import MOST_TRIES, task
from tests.integration.books.office import NewOffice, Office
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import coupon


async def states(office: Office) -> list[str]:
    mine = select(task.c.state).where(task.c.shop_id == office.shop.id, task.c.name == "coupon.customer")
    return await office.db.read(lambda conn: list(conn.execute(mine).scalars()))


async def wear_out(office: Office) -> None:
    """Try what fails until it is set aside."""
    due = update(task).where(task.c.state == "waiting").values(due_at=office.shop.installed_at)
    for _ in range(MOST_TRIES):
        await office.db.write(lambda conn: conn.execute(due))
        await office.work()


async def test_a_permission_that_was_missing_releases_what_was_set_aside(new_office: NewOffice) -> None:
    office = await new_office(CouponSettings(first_order_only=True))
    scopes = office.sim.state.config.scopes
    await office.change("coupon", valid_days=20)
    await office.work()
    fewer = [scope for scope in scopes if scope != "write_customers"]
    office.sim.grant_scopes(fewer, shop=office.handle)
    await office.tell()
    office.order(customer=office.person())
    await office.tell()
    await wear_out(office)
    assert await states(office) == ["parked"]
    office.sim.grant_scopes(fewer[1:], shop=office.handle)
    await office.tell()
    assert await states(office) == ["parked"], "nothing new was granted"
    office.sim.grant_scopes(scopes, shop=office.handle)
    await office.tell()
    assert await states(office) == ["waiting"]
    await office.work()
    found = await office.db.read(lambda conn: conn.execute(select(coupon.c.doubt, coupon.c.refusal)).all())
    assert [tuple(row) for row in found] == [(None, None)]
