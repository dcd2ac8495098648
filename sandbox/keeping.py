"""What the pocket Shopify remembers from one start to the next: its shops, in one file beside the app's database.

An app that kept its database must find the orders, tokens and codes it knows; carts and visits are forgotten.
"""

from __future__ import annotations

import asyncio
import pickle
from pathlib import Path

from sandbox.simulator import Simulator

EVERY = 10.0
_VERSION = 2


def recall(simulator: Simulator, path: Path) -> bool:
    """Take up what was kept; False where nothing was, or another version kept it."""
    if not path.is_file():
        return False
    kept = pickle.loads(path.read_bytes())  # noqa: S301 our own file, beside our own secrets
    if kept["version"] != _VERSION:
        return False
    state = simulator.state
    with state.lock:
        state.shops.update(kept["shops"])
        state.ids.used, state.app_id = kept["ids"], kept["app_id"]
    return True


def keep(simulator: Simulator, path: Path) -> None:
    """Write everything down, whole or not at all."""
    state = simulator.state
    with state.lock:
        kept = {"version": _VERSION, "shops": state.shops, "ids": state.ids.used, "app_id": state.app_id}
        raw = pickle.dumps(kept)
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_bytes(raw)
    fresh.replace(path)


async def keep_on(simulator: Simulator, path: Path) -> None:
    """Write everything down every few seconds, and at the end."""
    try:
        while True:
            await asyncio.sleep(EVERY)
            keep(simulator, path)
    finally:
        keep(simulator, path)
