"""`python -m sandbox`: the pocket Shopify on its own, for an app that runs elsewhere on this machine."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from sandbox.ids import number_of
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
    _take_names(simulator, os.environ)
    simulator.sender.on_hold = True
    recalled = args.memory is not None and recall(simulator, args.memory)
    if not (args.empty or recalled):
        furnish(simulator, args.shop)
    keeping: list[Callable[[], Awaitable[None]]] = []
    pocket = create_sandbox(
        simulator,
        shop=args.shop,
        pages=PAGES,
        meanwhile=lambda: _meanwhile(simulator, args.shop, keeping, arrange=not (args.empty or recalled)),
    )
    if args.memory is not None:
        keeping.append(lambda: keep_on(simulator, args.memory))
    if os.environ.get("DANKBAR_BILLING") == "stripe":
        keeping += _open_stripe(pocket, os.environ, args.memory)
    uvicorn.run(pocket, host="127.0.0.1", port=args.port, log_level="warning", ws="none", proxy_headers=False)


def _open_stripe(
    pocket: Starlette, environ: Mapping[str, str], memory: Path | None
) -> list[Callable[[], Awaitable[None]]]:
    """Give the sandbox an account at Stripe, and return what keeps it from one start to the next."""
    from sandbox.stripe import opening  # a large package, for those alone who bill with it

    account = opening.open_account(environ["STRIPE_API_KEY"], environ["STRIPE_WEBHOOK_SECRET"])
    opening.install(pocket, account)
    if memory is None:
        return []
    kept = memory.with_suffix(".stripe")
    opening.recall(account, kept)
    return [lambda: opening.keep_on(account, kept)]


def _take_names(simulator: Simulator, environ: Mapping[str, str]) -> None:
    """Go by the names that the app was told: its own at Shopify, and its organisation's client of the Partner API."""
    partner = simulator.state.partner
    partner.org = environ.get("SHOPIFY_PARTNER_ORG", partner.org)
    partner.token = environ.get("SHOPIFY_PARTNER_TOKEN", partner.token)
    number = number_of(environ.get("SHOPIFY_APP_GID", ""), "App")
    simulator.state.app_id = number or simulator.state.app_id


async def _meanwhile(
    simulator: Simulator, shop: str, keeping: Sequence[Callable[[], Awaitable[None]]], *, arrange: bool
) -> None:
    await asyncio.gather(open_app(simulator, shop, arrange=arrange), *(keep() for keep in keeping))


if __name__ == "__main__":
    main()
