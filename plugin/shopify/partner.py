"""The Partner API's one door: what Shopify knows of a shop's plan, asked within four requests a second.

``POST https://partners.shopify.com/{organization}/api/{version}/graphql.json`` with the token of an API client that may
"Manage apps"; 429 beyond 4 requests a second, 401 for a client or an organisation that is not known
(https://shopify.dev/docs/api/partner/latest).
"""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog

from plugin import metrics
from plugin.config import Config
from plugin.shopify.documents import PARTNER_VERSION, document
from plugin.shopify.errors import AccessDenied, GatewayError, Misunderstood, Throttled, Unreachable
from plugin.shopify.exchange import graph_errors, parsed, post, retry_after
from plugin.shopify.transport import partner_client as partner_client

CALL_SECONDS = 10.0
"""No call lasts longer: whoever waits for it has the last truth in hand."""

REST = 15.0
"""Seconds without a call after one that was not answered, so that no page waits for an API that is down."""

LOOK_BACK = timedelta(days=363)
"""How far the history is asked for; 365 days are the most, and clocks differ."""

Client = AbstractAsyncContextManager[httpx.AsyncClient]

_AHEAD = timedelta(days=1)
_log = structlog.get_logger("plugin.shopify.partner")


@dataclass(frozen=True, slots=True)
class Answered:
    """What the API says of one shop: the subscription or None, and its newest event or None, as they came."""

    subscription: Mapping[str, Any] | None = field(repr=False)
    event: Mapping[str, Any] | None = field(repr=False)


class PartnerApi:
    """The organisation's API client; one a process. It remembers that the API was down, and what it told the operator."""

    def __init__(
        self, config: Config, http: httpx.AsyncClient, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = http
        self._token = config.partner_token or ""
        self._app = config.app_gid or ""
        self._url = f"{config.partner_origin}/{config.partner_org}/api/{PARTNER_VERSION}/graphql.json"
        self._monotonic = monotonic
        self._resting_until = 0.0
        self._complained = False

    async def active_subscription(self, shop_gid: str, now: datetime) -> Answered:
        """Ask once. Raises Unreachable, Throttled, AccessDenied (the operator's to mend) or Misunderstood."""
        rest = self._resting_until - self._monotonic()
        if rest > 0:
            metrics.PARTNER_CALLS.labels("held_back").inc()
            raise Unreachable("Shopify did not answer a moment ago.", wait=rest)
        asked = {
            "app": self._app,
            "shop": shop_gid,
            "since": (now - LOOK_BACK).isoformat(),
            "until": (now + _AHEAD).isoformat(),
        }
        try:
            answered = await self._ask(asked)
        except GatewayError as error:
            metrics.PARTNER_CALLS.labels(_outcome(error)).inc()
            self._after(error)
            raise
        metrics.PARTNER_CALLS.labels("answered").inc()
        self._complained = False
        return answered

    async def _ask(self, variables: Mapping[str, Any]) -> Answered:
        status, headers, body = await post(
            self._http,
            self._url,
            document("ActiveSubscription", "partner"),
            variables,
            self._token,
            seconds=CALL_SECONDS,
        )
        if status in {401, 403}:
            raise AccessDenied("Shopify refuses SHOPIFY_PARTNER_TOKEN for SHOPIFY_PARTNER_ORG.")
        if status == 429:
            raise Throttled("The Partner API's limit is used up.", wait=retry_after(headers, default=1.0))
        if status >= 500:
            raise Unreachable(f"Shopify answers {status}.", wait=retry_after(headers, default=None))
        if status != 200:
            raise Misunderstood(f"Shopify's Partner API answers {status}.")
        return _read(parsed(body))

    def _after(self, error: GatewayError) -> None:
        """Rest for a while; tell the operator once of what only they can mend, until it is."""
        asked = error.wait if isinstance(error, Throttled) and error.wait is not None else REST
        self._resting_until = self._monotonic() + min(asked, REST)
        if not isinstance(error, Unreachable) and not self._complained:
            self._complained = True
            _log.error("partner_api_refuses", reason=str(error))


def _read(answer: Mapping[str, Any]) -> Answered:
    data, errors = answer.get("data"), graph_errors(answer)
    withheld = any(not error.path or error.path[0] == "activeSubscription" for error in errors)
    if not isinstance(data, dict) or "activeSubscription" not in data or withheld:
        if any("INTERNAL" in error.code or "TIMEOUT" in error.code for error in errors) or not errors:
            raise Unreachable("Shopify failed inside.")
        codes = sorted({error.code for error in errors})
        raise AccessDenied(
            "The Partner API withholds activeSubscription: check SHOPIFY_APP_GID, and that the API client may "
            f"manage apps ({', '.join(codes)})."
        )
    found = data["activeSubscription"]
    if found is not None and not isinstance(found, dict):
        raise Misunderstood("The Partner API's answer cannot be read.")
    return Answered(found, _newest(data.get("events")))


def _newest(events: object) -> Mapping[str, Any] | None:
    edges = events.get("edges") if isinstance(events, dict) else None
    first = edges[0] if isinstance(edges, list) and edges else None
    node = first.get("node") if isinstance(first, dict) else None
    return node if isinstance(node, dict) else None


def _outcome(error: GatewayError) -> str:
    if isinstance(error, Throttled):
        return "throttled"
    if isinstance(error, Unreachable):
        return "unreachable"
    return "refused" if isinstance(error, AccessDenied) else "misunderstood"
