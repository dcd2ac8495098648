"""The app's first opening in the admin: what a merchant does right after installing it."""

from __future__ import annotations

import asyncio

import httpx

from sandbox.simulator import Simulator

PAUSE = 0.1


async def open_app(simulator: Simulator, shop: str) -> None:
    """Open the app's home as soon as the app answers, then let the webhooks go that were held back until now."""
    async with httpx.AsyncClient(timeout=10, trust_env=False, verify=False) as client:  # noqa: S501 loopback
        while not await _is_open(client, simulator.app_home_url(shop)):  # noqa: ASYNC110 the app tells nobody
            await asyncio.sleep(PAUSE)
    simulator.sender.on_hold = False
    simulator.sender.release()


async def _is_open(client: httpx.AsyncClient, home: str) -> bool:
    try:
        answer = await client.get(home)
    except httpx.HTTPError:
        return False
    return answer.status_code < 500
