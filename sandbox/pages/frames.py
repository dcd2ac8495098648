"""Checkout and account extensions: the built bundle runs unmodified in a frame of its own, with facts and tokens.

The frame is sandboxed (``allow-scripts`` alone), so that its requests come from no origin, as Shopify's workers do.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response

from sandbox.ids import gid
from sandbox.money import Body
from sandbox.pages.view import show
from sandbox.pages.visits import Stay, page
from sandbox.state import Order

EXTENSIONS = Path(__file__).resolve().parents[2] / "extensions"
EDITOR = {"type": "checkout"}


@dataclass(frozen=True, slots=True)
class Target:
    """One target of an extension: its folder, its handle, and the bundle built for it."""

    name: str
    folder: str
    handle: str
    bundle: str


def targets() -> dict[str, Target]:
    """Read the targets of every UI extension, as they are on disk now."""
    found = {}
    for config in sorted(EXTENSIONS.glob("*/shopify.extension.toml")):
        for extension in tomllib.loads(config.read_text(encoding="utf-8"))["extensions"]:
            for one in extension.get("targeting", ()):
                name, folder = str(one["target"]), config.parent.name
                bundle = f"/sandbox/bundles/{folder}/{Path(str(one['module'])).stem}.js"
                found[name] = Target(name, folder, str(extension["handle"]), bundle)
    return found


def framed(stay: Stay, target: str, *, order: int | None = None, editor: bool = False) -> str | None:
    """Return the address of the frame for a target; None where the app has nothing for it."""
    if target not in targets():
        return None
    query = {"locale": stay.visit.locale, "theme": stay.visit.theme}
    if order is not None:
        query["order"] = str(order)
    if editor:
        query["editor"] = "1"
    return f"/sandbox/extensions/{target}?{urlencode(query)}"


async def _frame(stay: Stay) -> Response:
    target = targets().get(str(stay.request.path_params["target"]))
    if target is None:
        return show(stay, "missing.html", 404, within=True, blocks=[], embeds=[])
    asked = stay.request.query_params
    number = asked.get("order", "")
    order = stay.shop.orders.get(int(number)) if number.isdigit() else None
    return show(stay, "frame.html", within=True, facts=_facts(stay, target, order, editor="editor" in asked))


def _facts(stay: Stay, target: Target, order: Order | None, *, editor: bool) -> dict[str, Any]:
    config = stay.simulator.state.config
    return {
        "bundle": target.bundle,
        "locale": stay.visit.locale,
        "words": _words(target.folder, stay.visit.locale),
        "constantAddress": config.application_url.rstrip("/"),
        "appAddress": stay.simulator.state.app_url,
        "currency": stay.shop.currency,
        "extension": {
            "target": target.name,
            "apiVersion": "2026-07",
            "version": "sandbox",
            "editor": EDITOR if editor else None,
        },
        "shop": {
            "id": stay.shop.gid,
            "name": stay.shop.name,
            "myshopifyDomain": stay.shop.domain,
            "storefrontUrl": f"https://{stay.shop.domain}",
        },
        "signals": _signals(stay, order),
        "points": _points(stay),
    }


def _points(stay: Stay) -> str | None:
    """What the Customer Account API says of the signed-in customer's metafield ``$app:points``."""
    customer = stay.customer
    held = customer and stay.shop.metafields.get(
        (customer.gid, f"app--{stay.simulator.state.app_id}", "points")
    )
    return held.value if held else None


def _signals(stay: Stay, order: Order | None) -> dict[str, Any]:
    """What an extension reads as signals on this page."""
    customer = stay.customer
    facts: dict[str, Any] = {
        "authenticationState": "fully_authenticated" if customer else "pre_authenticated",
        "settings": {},
        "checkoutToken": order.checkout_token if order else None,
        "appMetafields": [],
    }
    if customer is not None and (points := _points(stay)) is not None:
        owner = {"type": "customer", "id": customer.gid}
        field = {"namespace": "$app", "key": "points", "value": points, "valueType": "json_string"}
        facts["appMetafields"] = [{"target": owner, "metafield": {**field, "type": "json"}}]
    if order is not None:
        facts |= {"order": _order(order.body), "orderConfirmation": _confirmation(stay, order)}
    return facts


def _order(body: Body) -> dict[str, Any]:
    return {
        "id": gid("Order", int(body["id"])),
        "name": body["name"],
        "confirmationNumber": body["confirmation_number"],
        "processedAt": body["processed_at"],
        "cancelledAt": body["cancelled_at"],
    }


def _confirmation(stay: Stay, order: Order) -> dict[str, Any]:
    """Name the order as the thank-you page does, which may be there before the order is."""
    earlier = [
        one for one in stay.shop.orders.values() if one.customer_id == order.customer_id and one is not order
    ]
    return {
        "order": {"id": f"gid://shopify/OrderIdentity/{order.id}"},
        "number": order.body["confirmation_number"],
        "isFirstOrder": not earlier,
    }


def _words(folder: str, locale: str) -> dict[str, Any]:
    names = (f"{locale}.json", f"{locale}.default.json", "en.default.json")
    paths = (EXTENSIONS / folder / "locales" / name for name in names)
    path = next((one for one in paths if one.is_file()), None)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path else {}
    return found


async def _token(stay: Stay) -> Response:
    """Mint a session token for a frame on a page of this visit."""
    token = stay.simulator.shopper_token(stay.shop.handle, customer=stay.customer)
    return JSONResponse({"token": token}, headers={"Cache-Control": "no-store"})


ROUTES = (
    page("/sandbox/extensions/{target}", _frame),
    page("/sandbox/tokens/shopper", _token, "POST"),
)
