"""The app's first opening in the admin: what a merchant does right after installing it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

import httpx

from sandbox.simulator import Simulator

PAUSE = 0.1
_TRIES = 100
_POINTS = "/admin/widgets/loyalty"
_VERSION = re.compile(r'name="version" value="([0-9]+)"')

REWARDS: tuple[Mapping[str, str], ...] = (
    {"title": "Kostenloser Versand", "cost": "50", "kind": "free_shipping", "valid_days": "90"},
    {"title": "5 € Rabatt", "cost": "100", "kind": "amount", "value": "5", "minimum_subtotal": "20"},
    {"title": "10 % auf alles", "cost": "150", "kind": "percentage", "value": "10", "valid_days": "90"},
)
"""What points buy in the shop to walk around in, as a merchant types it."""


async def open_app(simulator: Simulator, shop: str, *, rewards: bool = False) -> None:
    """Open the app's home as soon as the app answers, then let the webhooks go that were held back until now.

    With ``rewards`` the merchant also lists what points buy.
    """
    async with httpx.AsyncClient(timeout=10, trust_env=False, verify=False) as client:  # noqa: S501 loopback
        while not await _is_open(client, simulator.app_home_url(shop)):  # noqa: ASYNC110 the app tells nobody
            await asyncio.sleep(PAUSE)
        for _ in range(_TRIES if rewards else 0):
            if await _list_rewards(client, simulator, shop):
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


async def _list_rewards(client: httpx.AsyncClient, simulator: Simulator, shop: str) -> bool:
    """Fill in the form of points and save it; False while the app cannot show it yet."""
    address = f"{simulator.state.app_url}{_POINTS}"
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
        form = {"version": version[1], "enabled": "true", **_rows()}
        return (await client.post(address, params=query, headers=headers, data=form)).is_success
    except httpx.HTTPError:
        return False


def _rows() -> dict[str, str]:
    keys = "abcdefgh"[: len(REWARDS)]
    typed = {
        f"rewards.{key}.{name}": text
        for key, row in zip(keys, REWARDS, strict=True)
        for name, text in row.items()
    }
    return {"rewards": " ".join(keys), **{f"rewards.{key}.id": "" for key in keys}, **typed}
