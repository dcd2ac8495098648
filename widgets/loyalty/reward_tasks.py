"""What redemptions ask of Shopify: the code that was paid for, and the end of codes that are good no longer.

Each step can be cut off anywhere and begun again: the code was written down before the first call, and looking it up
tells what became of a call whose answer was lost (semantics B 16).
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial

from plugin.errors import Retry
from plugin.shopify import AccessDenied, Misunderstood, Refused, Unreachable, discounts, variant_price
from plugin.shopify.discounts import Amount, FreeShipping, Percentage, Terms
from plugin.tasks import Handler, TaskRun
from widgets.loyalty import reward_codes as codes
from widgets.loyalty.redeem import MINT
from widgets.loyalty.reward_codes import Errand

REMOVE = "loyalty.remove"
"""The task that deletes a redemption's code at Shopify; its key is the redemption's id."""

_AHEAD = timedelta(hours=1)
"""A discount begins a little before it is made: our clock may run ahead of Shopify's."""

_DEFINITE = (AccessDenied, Misunderstood)
_HIGHEST_TITLE = 255


async def mint(run: TaskRun) -> None:
    """Have the code made for its customer alone, once; the points come back only where it certainly was not made."""
    id = int(run.key)
    errand = await run.db.read(lambda conn: codes.to_mint(conn, run.shop.id, id))
    if errand is None:
        return
    try:
        terms = await _terms(run, errand)
        if terms is None:
            await run.db.write(lambda conn: codes.reverse(conn, id, run.now))
            return
        node = await discounts.create_node(run.gateway, run.shop, terms)
    except Refused as refused:
        if refused.has("TAKEN", "DUPLICATE"):
            await _taken(run, errand)
        else:
            await run.db.write(lambda conn: codes.reverse(conn, id, run.now))
    except _DEFINITE:
        await run.db.write(lambda conn: codes.reverse(conn, id, run.now))
    except Unreachable as error:
        if not error.unknown or not await _settled_by_looking(run, errand):
            raise
    else:
        await run.db.write(lambda conn: codes.made(conn, id, node.id))


async def remove(run: TaskRun) -> None:
    """Delete the code's discount and see that it is gone; only then come the points of one that ended unused back."""
    id = int(run.key)
    errand = await run.db.read(lambda conn: codes.to_remove(conn, run.shop.id, id))
    if errand is None:
        return
    if (gid := await _own_node(run, errand)) is not None:
        try:
            await discounts.delete_node(run.gateway, run.shop, gid)
        except Refused:
            """Gone already, or so it may be: the code is looked for again."""
        if await _own_node(run, errand) is not None:
            raise Retry("Shopify still has a code that was deleted.")
    await run.db.write(partial(codes.removed, id=id, now=run.now))


async def _taken(run: TaskRun, errand: Errand) -> None:
    """Somebody has this code: mostly it is we who made it, and did not hear of it."""
    found = await discounts.find_node(run.gateway, run.shop, errand.code)
    if found is None:
        raise Retry("Shopify says that a code exists and does not find it.")
    if found.title == _title(errand):
        await run.db.write(lambda conn: codes.made(conn, errand.id, found.id))
        return
    await run.db.write(lambda conn: codes.another_code(conn, errand.id, errand.code))
    raise Retry("Another discount has this code: the next try takes another.")


async def _settled_by_looking(run: TaskRun, errand: Errand) -> bool:
    """After a lost answer: True once it is known that the code is there, or that it never came to be."""
    gid = await _own_node(run, errand)
    if gid is not None:
        await run.db.write(lambda conn: codes.made(conn, errand.id, gid))
        return True
    return await run.db.write(lambda conn: codes.absent(conn, errand.id, run.now))


async def _own_node(run: TaskRun, errand: Errand) -> str | None:
    found = await discounts.find_node(run.gateway, run.shop, errand.code)
    return found.id if found is not None and found.title == _title(errand) else None


async def _terms(run: TaskRun, errand: Errand) -> Terms | None:
    """Return what the discount grants; None where there is nothing to grant, or nobody."""
    value, variants = await _value(run, errand)
    if value is None or errand.customer_id is None:
        return None
    return Terms(
        title=_title(errand),
        code=errand.code,
        value=value,
        currency=errand.currency,
        starts_at=errand.redeemed_at - _AHEAD,
        ends_at=errand.ends_at,
        minimum=errand.minimum,
        customer_id=errand.customer_id,
        variants=variants,
    )


async def _value(
    run: TaskRun, errand: Errand
) -> tuple[Percentage | Amount | FreeShipping | None, tuple[str, ...]]:
    """A product as a gift is its price taken off once: a percentage would make any number of them free."""
    if errand.kind == "free_shipping":
        return FreeShipping(), ()
    text = errand.value or ""
    if errand.kind == "percentage":
        return Percentage(Decimal(text)), ()
    if errand.kind == "amount":
        return Amount(int(text), errand.currency), ()
    price = await variant_price(run.gateway, run.shop, text, errand.currency)
    return (Amount(price, errand.currency) if price else None), (text,)


def _title(errand: Errand) -> str:
    return errand.name[-_HIGHEST_TITLE:]


REWARD_TASKS: Mapping[str, Handler] = {MINT: mint, REMOVE: remove}
