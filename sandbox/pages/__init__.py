"""The pages of the pocket Shopify: an index, a small shop, a checkout, an account and an admin that frames the app."""

from __future__ import annotations

from starlette.routing import BaseRoute

from sandbox.pages import admin, assets, checkout, desk, editor, frames, index, orders, plans, proxy, shop

PAGES: tuple[BaseRoute, ...] = (
    *index.ROUTES,
    *shop.ROUTES,
    *checkout.ROUTES,
    *orders.ROUTES,
    *desk.ROUTES,
    *frames.ROUTES,
    *editor.ROUTES,
    *admin.ROUTES,
    *plans.ROUTES,
    *proxy.ROUTES,
    *assets.ROUTES,
)
"""Every route of the pages, for `sandbox.server.create_sandbox`."""
