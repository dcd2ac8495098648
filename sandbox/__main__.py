"""`python -m sandbox`: the pocket Shopify on its own, for an app that runs elsewhere on this machine."""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

import uvicorn

from sandbox.keeping import keep_on, recall
from sandbox.opening import open_app
from sandbox.pages import PAGES
from sandbox.seed import furnish
from sandbox.server import create_sandbox
from sandbox.simulator import Simulator


def main() -> None:
    """Serve one furnished shop on a loopback port until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--app", default="http://127.0.0.1:9101", help="the app's origin")
    parser.add_argument("--shop", default="example", help="the shop's handle")
    parser.add_argument("--client-id", default=os.environ.get("SHOPIFY_API_KEY", "dankbar-sandbox"))
    parser.add_argument(
        "--retry-scale", type=float, default=0.01, help="1.0 retries over four hours, as Shopify does"
    )
    parser.add_argument("--empty", action="store_true", help="no products, customers and orders at first")
    parser.add_argument("--memory", type=Path, help="keep the shop in this file from one start to the next")
    args = parser.parse_args()
    secret = os.environ.get("SHOPIFY_API_SECRET")
    if not secret:
        parser.error("SHOPIFY_API_SECRET must hold the secret that the app was started with.")
    simulator = Simulator(
        client_id=args.client_id,
        client_secret=secret,
        app_url=args.app.rstrip("/"),
        retry_scale=args.retry_scale,
    )
    simulator.state.origin = f"http://127.0.0.1:{args.port}"
    simulator.sender.on_hold = True
    recalled = args.memory is not None and recall(simulator, args.memory)
    if not (args.empty or recalled):
        furnish(simulator, args.shop)
    uvicorn.run(
        create_sandbox(
            simulator,
            shop=args.shop,
            pages=PAGES,
            meanwhile=lambda: _meanwhile(
                simulator, args.shop, args.memory, arrange=not (args.empty or recalled)
            ),
        ),
        host="127.0.0.1",
        port=args.port,
        log_level="warning",
        ws="none",
        proxy_headers=False,
    )


async def _meanwhile(simulator: Simulator, shop: str, memory: Path | None, *, arrange: bool) -> None:
    opening = open_app(simulator, shop, arrange=arrange)
    if memory is None:
        await opening
    else:
        await asyncio.gather(opening, keep_on(simulator, memory))


if __name__ == "__main__":
    main()
