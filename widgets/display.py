"""What showing widgets needs: opened once for a process, and the proofs every public request begins with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from plugin import guards
from plugin.config import Config
from plugin.crypto import Keyring
from plugin.database import Database
from plugin.errors import NotFound, Unauthorized
from plugin.guards import RESERVED, Call, Shopper, Visitor
from plugin.settings_cache import SETTINGS_BELL, Displayed, SettingsCache
from plugin.wake import Bells
from widgets.rates import Rates
from widgets.registry import SECTIONS
from widgets.waits import Waits

STATE = "widgets"
"""Where the application's state holds its ``Display``."""

PER_SHOP = 100
"""Proved requests of one shop in one second beyond which the answer is 429."""


def utc_now() -> datetime:
    """Return this instant."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Display:
    """The opened parts of a process that shows widgets."""

    config: Config
    db: Database
    keyring: Keyring
    bells: Bells
    cache: SettingsCache
    rates: Rates
    waits: Waits
    now: Callable[[], datetime] = utc_now


def open_display(config: Config, db: Database, keyring: Keyring, bells: Bells) -> Display:
    """Return the parts for ``request.state["widgets"]``."""
    cache = SettingsCache(db, SECTIONS.values())
    bells.follow(SETTINGS_BELL, cache.forget)
    return Display(config, db, keyring, bells, cache, Rates(bells.peers), Waits())


def display_of(request: Request[Any]) -> Display:
    """Return the process's display."""
    found: Display = request.state[STATE]
    return found


async def visiting(request: Request[Any]) -> tuple[Displayed, Visitor]:
    """Prove a visitor of the storefront; raises Unauthorized, TooMany, or NotFound for a shop without the app."""
    display = display_of(request)
    visitor = guards.storefront(display.config, call_of(request))
    return await _shown(display, visitor.shop_handle), visitor


async def shopping(request: Request[Any], *, signed_in: bool = False) -> tuple[Displayed, Shopper]:
    """Prove a buyer on a checkout or account page; raises Unauthorized, TooMany, or NotFound."""
    display = display_of(request)
    shopper = guards.shopper(display.config, call_of(request))
    if signed_in and shopper.customer_id is None:
        raise Unauthorized("The session token names no customer.")
    return await _shown(display, shopper.shop_handle), shopper


async def _shown(display: Display, handle: str) -> Displayed:
    await display.rates.admit(PER_SHOP, 1, "shop", handle)
    shown = await display.cache.get(handle)
    if shown is None:
        raise NotFound("This shop does not have the app installed.")
    return shown


def call_of(request: Request[Any]) -> Call:
    """Return what a guard reads, byte for byte as it arrived."""
    path = request.scope.get("raw_path") or request.scope["path"].encode()
    query = request.scope["query_string"]
    target = path.partition(b"?")[0] + (b"?" + query if query else b"")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}
    return Call(request.method, target.decode("latin-1"), headers)


def params_of(request: Request[Any]) -> Mapping[str, str]:
    """Return the query's parameters that are the page's own, without those that only Shopify sets."""
    return {name: value for name, value in request.query_params.items() if name not in RESERVED}
