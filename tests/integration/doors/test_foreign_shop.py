"""With another shop's valid proof, every route and every webhook sees nothing of a shop and changes nothing in it."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx
import pytest

from plugin.app import WEBHOOKS
from plugin.shops import Shop, shop_key
from sandbox import tokens
from tests.integration.admin.stage import PART, Stage
from tests.integration.admin.test_settings_pages import filled
from tests.integration.doors.house import House, open_house, routes
from tests.integration.widgets.stage import CHECKOUT, CLIENT, CUSTOMER, ORDER, PREFIX, SECRET
from webhooks import handle
from webhooks.topics import TOPICS
from widgets.action_token import action_token

OPEN = ("/healthz", "/readyz", "/static/", "/auth/")
KEEPS_NOTHING = (
    "/admin/widgets/{name}/preview",
    "/admin/shop/preview",
    "/admin/plan/choose",
    "/admin/plan/manage",
    "/admin/plan/cancel",
    "/admin/plan/resume",
)
"""Where a POST of one's own is an answer and nothing more; plans are with a vendor, and here there is none."""


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as found:
        yield found


class Caller:
    """Asks every route about what the first shop owns, with a proof of the shop ``by``."""

    def __init__(self, house: House, by: Shop) -> None:
        self.house, self.stage, self.by = house, house.stage, by
        self.heard: list[tuple[str, str, httpx.Response]] = []

    def path(self, route: str) -> str:
        """The route's address of something that the first shop owns."""
        owned = {
            "/admin/parked/{id}": f"/admin/parked/e{self.house.parked}",
            "/admin/widgets/{name}/lookups": "/admin/widgets/trust/lookups",
            "/admin/widgets/{name}/rows/{list}": "/admin/widgets/loyalty/rows/rewards",
            "/admin/widgets/{name}/reports/{report}": "/admin/widgets/coupon/reports/campaigns",
            "/admin/widgets/{name}/reports": "/admin/widgets/delivery/reports",
            "/admin/shop/rows/{list}": "/admin/shop/rows/none",
        }
        filled = {
            "{name}": "loyalty",
            "{id}": str(ORDER if route.startswith("/ext") else self.house.request),
            "{format}": "json",
            "{voice}": "sie",
        }
        found = owned.get(route, route)
        for name, value in filled.items():
            found = found.replace(name, value)
        assert "{" not in found, f"{route} has a parameter that this test does not fill"
        return found

    async def form(self, route: str) -> dict[str, str]:
        """A form as a person would send it, about the first shop's customer."""
        key = shop_key(self.stage.runtime.keyring, self.by)
        token = action_token(key, self.by.id, CUSTOMER, datetime.now(UTC))
        sections = {"/admin/widgets/{name}": "loyalty", "/admin/shop": "shop"}
        section = sections.get(route.removesuffix("/preview"))
        if section is not None:
            changed = {"loyalty": {"pending_days": "3"}, "shop": {"time_zone": "Europe/Vienna"}}[section]
            return await filled(_of(self.stage, self.by), section, **changed)
        return {
            "shown": "false",
            "customer": str(CUSTOMER),
            "q": str(CUSTOMER),
            "nonce": "a1" * 16,
            "points": "50",
            "reason": "From another house",
            "confirmed": "yes",
            "reward": "one",
            "request_id": f"of {self.by.handle}",
            "sure": "yes",
            "action_token": token,
        }

    async def ask(self, method: str, route: str, **more: str) -> httpx.Response:
        """Ask one route as whoever its door expects."""
        path, now = self.path(route), datetime.now(UTC)
        domain, form = self.by.domain, await self.form(route) if method == "POST" else None
        if route.startswith("/proxy"):
            query = tokens.proxy_query(
                SECRET,
                shop_domain=domain,
                path_prefix=PREFIX,
                customer_id=CUSTOMER,
                now=now,
                visitor_query="names=coupon,delivery,loyalty,trust&order=" + str(ORDER),
            )
            answer = await self.stage.client.request(
                method, f"{path}?{query}", data=form, headers={"Accept": "application/json"}
            )
        elif route.startswith("/ext"):
            token = tokens.shopper_token(
                SECRET, client_id=CLIENT, shop_domain=domain, customer_id=CUSTOMER, now=now
            )
            asked = {"checkout_token": CHECKOUT, "surface": "thank_you"}
            headers = {"Authorization": f"Bearer {token}"}
            answer = await self.stage.client.request(method, path, params=asked, headers=headers)
        else:
            asked = {"shop": domain, "q": str(CUSTOMER), "customer": str(CUSTOMER), **more}
            headers = {**PART, **self.stage.bearer(self.by)}
            answer = await self.stage.client.request(method, path, params=asked, data=form, headers=headers)
        assert answer.status_code < 500, (method, path, answer.text)
        self.heard.append((method, route, answer))
        return answer


def _of(stage: Stage, owner: Shop) -> Stage:
    other = stage.other if owner.id == stage.shop.id else stage.shop
    return Stage(stage.runtime, owner, other, stage.client, stage.stack)


def _asked(house: House) -> list[tuple[str, str]]:
    """Every route behind a proof that is asked one by one: what only reads first, then what erases last."""
    found = [
        one
        for one in routes(house.pages)
        if one[1] != WEBHOOKS and not one[1].startswith(OPEN) and not one[1].startswith("/webhooks")
    ]
    return sorted(found, key=lambda one: (one[0] == "POST", one[1].endswith("/erase")))


async def test_no_route_shows_or_changes_anything_of_another_shop(house: House) -> None:
    stage, stranger = house.stage, Caller(house, house.stage.other)
    before = await house.rows(stage.shop)
    for method, route in _asked(house):
        await stranger.ask(method, route)
        await stranger.ask(method, route, shop=stage.shop.domain)
        if method == "POST":
            assert await house.rows(stage.shop) == before, route
    assert await house.rows(stage.shop) == before
    assert len(stranger.heard) > 60
    for method, route, answer in stranger.heard:
        said = _said(answer)
        for name, ways in house.secrets().items():
            assert not any(way in said for way in ways), (method, route, name)


async def test_the_same_requests_with_the_own_proof_show_and_change_everything(house: House) -> None:
    stage, owner = house.stage, Caller(house, house.stage.shop)
    for method, route in _asked(house):
        before = await house.rows(stage.shop)
        answer = await owner.ask(method, route)
        changed = await house.rows(stage.shop) != before
        if method == "POST":
            assert changed != (route in KEEPS_NOTHING), (route, answer.status_code, answer.text[:300])
    said = "\n".join(_said(answer) for _, _, answer in owner.heard)
    for name, ways in house.secrets().items():
        assert any(way in said for way in ways), name


def _said(answer: httpx.Response) -> str:
    """All that an answer tells, as a person would read it."""
    text = answer.text if "json" not in answer.headers.get("content-type", "") else _plain(answer.json())
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    return f"{headers}\n{unescape(text)}"


def _plain(value: Any) -> str:
    return unescape(json.dumps(value, ensure_ascii=False))


def _bodies(house: House) -> list[dict[str, Any]]:
    """A body that fits every topic, about what the first shop owns: with and without that shop's name."""
    now = datetime.now(UTC) + timedelta(minutes=5)
    at, money = now.isoformat(), {"shop_money": {"amount": "0.00", "currency_code": "EUR"}}
    about = {
        "id": ORDER,
        "order_id": ORDER,
        "updated_at": at,
        "created_at": at,
        "processed_at": at,
        "cancelled_at": at,
        "test": False,
        "currency": "EUR",
        "taxes_included": True,
        "financial_status": "refunded",
        "total_outstanding": "0.00",
        "current_subtotal_price_set": money,
        "current_total_tax_set": money,
        "checkout_token": CHECKOUT,
        "source_name": "web",
        "customer_locale": "de-DE",
        "customer": {"id": CUSTOMER},
        "discount_codes": [],
        "discount_applications": [],
        "line_items": [],
        "refunds": [],
        "shipping_lines": [],
        "shipping_address": {"country_code": "DE", "province_code": None},
        "refund_line_items": [],
        "order_adjustments": [],
        "status": "success",
        "happened_at": at,
        "fulfillment_id": 1,
        "orders_to_redact": [ORDER],
        "orders_requested": [ORDER],
        "data_request": {"id": 78},
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{CUSTOMER + 1}",
        "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{CUSTOMER}",
        "current": ["read_orders", "read_products"],
        "iana_timezone": "Europe/Vienna",
    }
    named = {"shop_domain": house.stage.shop.domain, "myshopify_domain": house.stage.shop.domain}
    return [about, {**about, **named}]


async def _deliver(house: House, owner: Shop, topic: str) -> None:
    merging = {"status": "completed"} if topic == "customers/merge" else {}
    for number, body in enumerate(_bodies(house)):
        raw = json.dumps({**body, **merging}).encode()
        proof = base64.b64encode(hmac.digest(SECRET.encode(), raw, hashlib.sha256)).decode()
        headers = {
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": owner.domain,
            "X-Shopify-Webhook-Id": f"{topic}-{number}",
            "X-Shopify-Hmac-Sha256": proof,
            "X-Shopify-Triggered-At": (datetime.now(UTC) + timedelta(minutes=5)).isoformat(),
        }
        answer = await house.stage.client.post(WEBHOOKS, content=raw, headers=headers)
        assert answer.status_code == 200, answer.text
    keyring, now = house.stage.runtime.keyring, datetime.now(UTC)
    await house.stage.db.write(lambda conn: handle.handle_due(conn, keyring, now, 50))


LAST = ("orders/delete", "customers/redact", "app/uninstalled", "shop/redact")
"""What leaves less and less to be changed."""

TOLD = sorted(TOPICS, key=lambda topic: (LAST.index(topic) if topic in LAST else -1, topic))


async def test_no_webhook_changes_anything_of_another_shop(house: House) -> None:
    before = await house.rows(house.stage.shop)
    for topic in TOLD:
        await _deliver(house, house.stage.other, topic)
        assert await house.rows(house.stage.shop) == before, topic


async def test_the_same_webhooks_change_their_own_shop(house: House) -> None:
    for topic in TOLD:
        before = await house.rows(house.stage.shop)
        await _deliver(house, house.stage.shop, topic)
        after = await house.rows(house.stage.shop)
        assert {name for name in after if after[name] != before[name]} > {"inbox"}, topic
