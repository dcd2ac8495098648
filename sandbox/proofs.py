"""The proofs with which merchants and shoppers come to the app through Shopify."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sandbox import tokens
from sandbox.state import Customer
from sandbox.world import World

MERCHANT = 548_380_009


class Proofs(World):
    """The part of `sandbox.simulator.Simulator` that makes tokens and signed addresses.

    ``claims`` replaces claims of a token, None removes one; ``secret`` signs with another key.
    """

    def id_token(
        self,
        shop: str = "example",
        *,
        user_id: int = MERCHANT,
        now: datetime | None = None,
        secret: str | None = None,
        **claims: Any,
    ) -> str:
        """Return an admin session token, good for a minute."""
        return tokens.admin_token(
            secret or self.state.client_secret,
            client_id=self.state.client_id,
            shop_domain=self.shop(shop).domain,
            user_id=user_id,
            now=now or self.state.now(),
            claims=claims,
        )

    def shopper_token(
        self,
        shop: str = "example",
        *,
        customer: Customer | int | None = None,
        now: datetime | None = None,
        secret: str | None = None,
        **claims: Any,
    ) -> str:
        """Return what a checkout or account extension gets, good for five minutes."""
        return tokens.shopper_token(
            secret or self.state.client_secret,
            client_id=self.state.client_id,
            shop_domain=self.shop(shop).domain,
            customer_id=customer.id if isinstance(customer, Customer) else customer,
            now=now or self.state.now(),
            claims=claims,
        )

    def proxy_url(
        self,
        path: str,
        query: str = "",
        *,
        shop: str = "example",
        customer: Customer | int | None = None,
        now: datetime | None = None,
        secret: str | None = None,
    ) -> str:
        """Return where Shopify forwards ``/apps/dankbar{path}?{query}`` of a visitor, signed."""
        config = self.state.config
        signed = tokens.proxy_query(
            secret or self.state.client_secret,
            shop_domain=self.shop(shop).domain,
            path_prefix=config.proxy_path,
            customer_id=customer.id if isinstance(customer, Customer) else customer,
            now=now or self.state.now(),
            visitor_query=query,
        )
        base = (
            config.proxy_url if "://" in config.proxy_url else f"{self.state.app_url or ''}{config.proxy_url}"
        )
        return f"{base}{path}?{signed}"

    def app_home_url(
        self, shop: str = "example", path: str = "/", *, locale: str = "de", **changes: str
    ) -> str:
        """Return the address at which the admin frames the app, with a fresh id token and the query's HMAC."""
        found, now = self.shop(shop), self.state.now()
        host = (
            base64.urlsafe_b64encode(f"admin.shopify.com/store/{found.handle}".encode()).decode().rstrip("=")
        )
        params = {
            "embedded": "1",
            "host": host,
            "id_token": self.id_token(shop),
            "locale": locale,
            "session": tokens.webhook_hmac(found.handle, b"session").replace("=", "")[:32],
            "shop": found.domain,
            "timestamp": str(int(now.timestamp())),
            **changes,
        }
        params["hmac"] = tokens.query_hmac(self.state.client_secret, params)
        return f"{self.state.app_url or ''}{path}?{urlencode(params)}"
