"""Connections read to their end, whatever their length."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from plugin.shopify.client import Gateway
from plugin.shopify.documents import Document
from plugin.shopify.errors import Misunderstood
from plugin.shops import Shop

Connection = Mapping[str, Any]
Pick = Callable[[Mapping[str, Any]], Connection | None]


async def pages(
    gateway: Gateway,
    shop: Shop,
    document: Document,
    variables: Mapping[str, Any],
    pick: Pick,
    *,
    after: str | None = None,
) -> AsyncIterator[list[Any]]:
    """Yield page after page of the connection that ``pick`` finds in the data; ends where there is none.

    The document takes ``$after``; ``after`` is where to begin. Raises what the gateway raises.
    """
    seen = {after}
    while True:
        result = await gateway.execute(shop, document, {**variables, "after": after})
        found = pick(result.data)
        if found is None:
            return
        yield list(found["nodes"])
        after = next_cursor(found)
        if after is None:
            return
        if after in seen:
            raise Misunderstood(f"The pages of {document.name} go round in circles.")
        seen.add(after)


def next_cursor(connection: Connection) -> str | None:
    """Where the next page begins; None at the end."""
    info = connection["pageInfo"]
    return str(info["endCursor"]) if info["hasNextPage"] and info["endCursor"] else None


async def complete(
    gateway: Gateway,
    shop: Shop,
    connection: Connection,
    document: Document,
    variables: Mapping[str, Any],
    pick: Pick,
) -> list[Any]:
    """The nodes of a connection whose first page is at hand, with those of all further pages."""
    nodes = list(connection["nodes"])
    after = next_cursor(connection)
    if after is not None:
        async for page in pages(gateway, shop, document, variables, pick, after=after):
            nodes.extend(page)
    return nodes
