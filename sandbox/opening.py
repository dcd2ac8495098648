"""The app's first opening in the admin: what a merchant does right after installing it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence

import httpx

from sandbox.simulator import Simulator

PAUSE = 0.1
_TRIES = 100
_VERSION = re.compile(r'name="version" value="([0-9]+)"')

REWARDS: tuple[Mapping[str, str], ...] = (
    {"title": "Kostenloser Versand", "cost": "50", "kind": "free_shipping", "valid_days": "90"},
    {"title": "5 € Rabatt", "cost": "100", "kind": "amount", "value": "5", "minimum_subtotal": "20"},
    {"title": "10 % auf alles", "cost": "150", "kind": "percentage", "value": "10", "valid_days": "90"},
)
"""What points buy in the shop to walk around in, as a merchant types it."""

PEOPLE: tuple[Mapping[str, str], ...] = (
    {"name": "Marta Muster", "about": "packt seit 2019 jedes Paket von Hand"},
    {"name": "Jonas", "about": "bringt es mit dem Lastenrad zur Post"},
)
CONTACT: Mapping[str, str] = {
    "hours": "Montag bis Freitag, 9 bis 16 Uhr",
    "email": "hallo@muster-soehne.example",
    "phone": "+49 89 123456",
}
"""Who packs in that shop, and how to reach them."""

LANES: tuple[Mapping[str, str], ...] = (
    {"countries": "DE", "min": "1", "max": "2", "carrier": "DHL", "days": "mon-sat"},
    {"countries": "AT", "min": "2", "max": "3", "carrier": "DHL", "days": "mon-fri"},
    {"countries": "CH", "min": "3", "max": "5", "carrier": "DHL", "days": "mon-sat"},
    {"countries": "FR", "min": "2", "max": "4", "carrier": "DPD", "days": "mon-fri"},
)
"""How long its parcels take; to other countries it has never sent one."""


async def open_app(simulator: Simulator, shop: str, *, arrange: bool = False) -> None:
    """Open the app's home as soon as the app answers, then let the webhooks go that were held back until now.

    With ``arrange`` the merchant also lists what points buy, and says who packs the parcels and how long they take.
    """
    async with httpx.AsyncClient(timeout=10, trust_env=False, verify=False) as client:  # noqa: S501 loopback
        while not await _is_open(client, simulator.app_home_url(shop)):  # noqa: ASYNC110 the app tells nobody
            await asyncio.sleep(PAUSE)
        for section, typed in _typed().items() if arrange else ():
            for _ in range(_TRIES):
                if await _fill_in(client, simulator, shop, section, typed):
                    break
                await asyncio.sleep(PAUSE)
    simulator.sender.on_hold = False
    simulator.sender.release()


async def _is_open(client: httpx.AsyncClient, home: str) -> bool:
    try:
        answer = await client.get(home)
    except httpx.HTTPError:
        return False
    return answer.status_code < 500


async def _fill_in(
    client: httpx.AsyncClient, simulator: Simulator, shop: str, section: str, typed: Mapping[str, str]
) -> bool:
    """Fill in a widget's form and save it; False while the app cannot show it yet."""
    address = f"{simulator.state.app_url}/admin/widgets/{section}"
    query = {"shop": f"{shop}.myshopify.com"}
    headers = {
        "Authorization": f"Bearer {simulator.id_token(shop)}",
        "HX-Request": "true",
        "HX-Request-Type": "partial",
    }
    try:
        page = await client.get(address, params=query, headers=headers)
        version = _VERSION.search(page.text)
        if version is None:
            return False
        form = {"version": version[1], "enabled": "true", **typed}
        return (await client.post(address, params=query, headers=headers, data=form)).is_success
    except httpx.HTTPError:
        return False


def _typed() -> dict[str, dict[str, str]]:
    return {
        "delivery": _rows("lanes", LANES),
        "loyalty": _rows("rewards", [{"id": "", **reward} for reward in REWARDS]),
        "trust": {**_rows("people", PEOPLE), **CONTACT},
    }


def _rows(name: str, entries: Sequence[Mapping[str, str]]) -> dict[str, str]:
    keys = "abcdefgh"[: len(entries)]
    typed = {
        f"{name}.{key}.{field}": text
        for key, row in zip(keys, entries, strict=True)
        for field, text in row.items()
    }
    return {name: " ".join(keys), **typed}
