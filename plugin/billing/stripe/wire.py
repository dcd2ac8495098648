"""How Stripe's package reaches Stripe: this program's HTTP client, no redirects, bounded answers, few and short tries."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

import httpx
import stripe
from stripe import StripeClient

from plugin.errors import Conflict, Unavailable
from plugin.language import sentence

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
TRIES_AGAIN = 2
MOST_BYTES = 8 * 1024 * 1024

UNREACHABLE = sentence("Stripe cannot be reached at the moment. What you have stays as it is.")
UNSURE = sentence("Stripe did not answer in time. This page shows in a moment whether it was done.")
REFUSED = sentence("Stripe refused this. Nothing has changed.")
DECLINED = sentence("The card was declined. Nothing has changed; change the card first.")
LACKING = sentence("The Stripe key lacks a right that this needs; whoever runs the app can add it.")


T = TypeVar("T")


class Wire(stripe.HTTPClient):
    """One connection pool; to be closed by ``close_async``."""

    name = "httpx"

    def __init__(self) -> None:
        super().__init__()
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS), follow_redirects=False
        )

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send one request. Raises stripe.APIConnectionError, whose text names no address and no key."""
        try:
            async with self._http.stream(
                method, url, headers=dict(headers), content=post_data or None
            ) as answer:
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise _unreachable("Stripe's answer is too long.")
                return bytes(body), answer.status_code, answer.headers
        except httpx.HTTPError as error:
            raise _unreachable(f"Stripe cannot be reached: {type(error).__name__}.") from None

    def sleep_async(self, secs: float) -> Awaitable[None]:
        """Wait between two tries."""
        return asyncio.sleep(secs)

    async def close_async(self) -> None:
        """Close every connection."""
        await self._http.aclose()


def _unreachable(text: str) -> stripe.APIConnectionError:
    return stripe.APIConnectionError(text, should_retry=True)  # type: ignore[no-untyped-call] # the package's own


def client(key: str, origin: str, wire: Wire) -> StripeClient:
    """Return Stripe's client for this key; a write that is tried again carries its idempotency key."""
    # Its telemetry would keep an id of this machine in a file and send it with how long calls took.
    stripe.enable_telemetry = False
    return StripeClient(
        key, base_addresses={"api": origin}, http_client=wire, max_network_retries=TRIES_AGAIN
    )


async def asked(call: Awaitable[T]) -> T:
    """Return what Stripe answers. Raises Unavailable when it cannot be asked, Conflict for what it refuses."""
    try:
        return await call
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise Unavailable(UNREACHABLE) from error
    except stripe.CardError as error:
        raise Conflict(DECLINED) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise Unavailable(LACKING) from error
    except stripe.StripeError as error:
        if (error.http_status or 500) >= 500:
            raise Unavailable(UNREACHABLE) from error
        raise Conflict(REFUSED) from error


def is_missing(error: Conflict) -> bool:
    """Tell whether Stripe refused since there is no such object, or no longer."""
    return isinstance(error.__cause__, stripe.StripeError) and error.__cause__.code == "resource_missing"
