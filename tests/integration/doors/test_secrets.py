"""No secret, and nothing about anybody, comes out of a process: not in its log at its loudest, not in an answer."""

import asyncio
import base64
import dataclasses
import hashlib
import hmac
import json
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import text
from starlette.applications import Starlette

from plugin.app import STRIPE_WEBHOOKS, WEBHOOKS, Front, create_app
from plugin.config import Config
from plugin.database import open_database
from plugin.errors import ConfigurationError
from plugin.runtime import open_runtime
from sandbox import tokens
from tests.integration.conftest import MakeUrl
from tests.integration.doors.house import routes
from tests.integration.doors.telltale import Telltale, telling
from tests.integration.operations.processes import answers, environment, started, until
from tests.ports import free_port
from tests.servers import RedisServer

SHOP = "canaryshop"
DOMAIN = f"{SHOP}.myshopify.com"
API_KEY = "client-of-canaries"
SECRETS = {
    "SHOPIFY_API_SECRET": "canary-of-the-api-secret-of-the-app",
    "SHOPIFY_OLD_API_SECRET": "canary-of-the-old-secret-of-the-app",
    "DANKBAR_SECRET_KEY": base64.urlsafe_b64encode(b"canary-of-the-key-of-32-bytes-xx").decode(),
    "STRIPE_API_KEY": "sk_test_canaryofstripe",
    "STRIPE_WEBHOOK_SECRET": "whsec_canaryofthewebhook",
    "SHOPIFY_PARTNER_TOKEN": "prtapi_canaryofthepartner",
    "database password": "canary-of-the-database",
    "redis password": "canary-of-redis",
    "access token": "canary-of-the-access-token",
    "refresh token": "canary-of-the-refresh-token",
}
ANNA, CHECKOUT, CUSTOMER, ORDER = (
    "anna.canary@example.com",
    "canaryofthecheckout",
    7_066_000_111_222,
    5_066_000_333_444,
)
PERSONAL = {
    "e-mail address": ANNA,
    "checkout token": CHECKOUT,
    "customer": str(CUSTOMER),
    "order": str(ORDER),
    "query": "canary-of-a-query",
    "form": "canary-of-a-form",
}
PUBLIC = frozenset(
    {
        "app_url",
        "api_key",
        "shopify_cdn",
        "admin_origin",
        "shopify_origin",
        "billing",
        "stripe_origin",
        "stripe_shops",
        "stripe_tax",
        "partner_org",
        "partner_origin",
        "app_gid",
        "app_handle",
        "metrics",
    }
)


def variables(url: str, origin: str, redis: str, billing: str, metrics: int) -> dict[str, str]:
    """A process's environment in which every secret can be told from anything else."""
    named = {name: value for name, value in SECRETS.items() if name.isupper()}
    return {
        **environment(url.replace("dankbar@", f"dankbar:{SECRETS['database password']}@")),
        **named,
        "SHOPIFY_API_KEY": API_KEY,
        "DANKBAR_SHOPIFY_ORIGIN": f"{origin}/{{shop}}",
        "DANKBAR_STRIPE_ORIGIN": origin,
        "DANKBAR_PARTNER_ORIGIN": origin,
        "DANKBAR_BILLING": billing,
        "DANKBAR_REDIS_URL": redis.replace("://", f"://:{SECRETS['redis password']}@"),
        "DANKBAR_METRICS": f"127.0.0.1:{metrics}",
        "DANKBAR_STRIPE_SHOPS": SHOP,
        "SHOPIFY_PARTNER_ORG": "1",
        "SHOPIFY_APP_GID": "gid://shopify/App/1",
        "SHOPIFY_APP_HANDLE": "dankbar",
    }


def ways(secret: str) -> set[str]:
    """How a secret may be written down."""
    raw = secret.encode()
    return {
        secret,
        quote(secret, safe=""),
        raw.hex(),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
    }


def found(said: str, canaries: Mapping[str, str]) -> list[str]:
    """The names of what was said though it should not be."""
    return [name for name, secret in canaries.items() if any(way in said for way in ways(secret))]


class Visitor:
    """Goes to every address with good proofs and bad ones, and remembers each answer."""

    def __init__(self, client: httpx.Client, port: int) -> None:
        self.client, self.base, self.proofs = client, f"http://127.0.0.1:{port}", set[str]()
        self.heard: list[str] = []
        self.statuses: set[int] = set()

    def ask(self, method: str, path: str, **more: Any) -> None:
        answer = self.client.request(method, f"{self.base}{path}", **more)
        self.statuses.add(answer.status_code)
        self.heard.append(f"{method} {answer.status_code} {answer.headers} {answer.text}")

    def everywhere(self, addresses: list[tuple[str, str]]) -> None:
        for method, path in addresses:
            if path != WEBHOOKS:
                for proof in self._proofs(path):
                    self.ask(method, **proof)
        stripes = {"Stripe-Signature": f"t=1,v1={SECRETS['STRIPE_WEBHOOK_SECRET']}"}
        self.ask("POST", STRIPE_WEBHOOKS, content=_order(), headers=stripes)
        for topic in ("orders/paid", "orders/updated", "customers/data_request", "no/topic"):
            for body in (_order(), b'{"email": "' + ANNA.encode() + b'", "id": "x"}', b"{" + ANNA.encode()):
                self.ask("POST", WEBHOOKS, content=body, headers=_signed(body, topic))
                self.ask("POST", WEBHOOKS, content=body, headers={**_signed(body, topic), **_wrong()})

    def _proofs(self, path: str) -> Iterator[dict[str, Any]]:
        secret, now = SECRETS["SHOPIFY_API_SECRET"], datetime.now(UTC)
        about = {"checkout_token": CHECKOUT, "email": ANNA, "q": PERSONAL["query"], "shop": DOMAIN}
        form = {"customer": str(CUSTOMER), "reason": PERSONAL["form"], "points": "1", "reward": ANNA}
        admin = tokens.admin_token(secret, client_id=API_KEY, shop_domain=DOMAIN, user_id=7, now=now)
        buyer = tokens.shopper_token(
            secret, client_id=API_KEY, shop_domain=DOMAIN, customer_id=CUSTOMER, now=now
        )
        visitor = tokens.proxy_query(
            secret,
            shop_domain=DOMAIN,
            path_prefix="/apps/dankbar",
            customer_id=CUSTOMER,
            now=now,
            visitor_query=f"q={PERSONAL['query']}&email={ANNA}",
        )
        self.proofs |= {admin, buyer, admin.rpartition(".")[2], buyer.rpartition(".")[2]}
        for token in (admin, buyer, admin[:-3] + "AAA"):
            headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
            yield {"path": path, "params": about, "headers": headers, "data": form}
        document = {"Accept": "text/html", "Sec-Fetch-Dest": "iframe"}
        yield {"path": path, "params": {**about, "id_token": admin}, "headers": document}
        yield {"path": path, "params": {**about, "id_token": admin[:-3] + "AAA"}, "headers": document}
        yield {"path": f"{path}?{visitor}", "data": form, "headers": {"Cookie": ANNA}}
        yield {"path": f"{path}?{visitor[:-3]}000", "data": form}


def _wrong() -> dict[str, str]:
    return {"X-Shopify-Hmac-Sha256": base64.b64encode(SECRETS["SHOPIFY_API_SECRET"].encode()).decode()}


def _order() -> bytes:
    about = {
        "id": ORDER,
        "email": ANNA,
        "customer": {"id": CUSTOMER, "email": ANNA},
        "checkout_token": CHECKOUT,
    }
    return json.dumps(about).encode()


def _signed(body: bytes, topic: str) -> dict[str, str]:
    digest = hmac.digest(SECRETS["SHOPIFY_API_SECRET"].encode(), body, hashlib.sha256)
    return {
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": DOMAIN,
        "X-Shopify-Webhook-Id": hashlib.sha256(body + topic.encode()).hexdigest()[:16],
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
    }


def _addresses(config: Config) -> list[tuple[str, str]]:
    app = create_app(config, with_worker=False)
    assert isinstance(app, Front)
    assert isinstance(app._pages, Starlette)
    known = {"{name}": "loyalty", "{id}": str(ORDER), "{name:path}": "app.css"}
    return [
        (method, re.sub(r"\{[^}]+\}", lambda one: known.get(one[0], "x"), path))
        for method, path in routes(app._pages)
    ]


def _execute(url: str, *statements: str) -> None:
    async def run() -> None:
        db = await open_database(url)
        for statement in statements:
            await db.write(lambda conn, statement=statement: conn.execute(text(statement)))  # type: ignore[misc]
        await db.close()

    asyncio.run(run())


@pytest.fixture(scope="module")
def telltale() -> Iterator[Telltale]:
    with telling(SECRETS["access token"], SECRETS["refresh token"]) as running:
        yield running


def test_nothing_comes_out_whatever_goes_wrong(
    new_database: MakeUrl, telltale: Telltale, redis_server: RedisServer, tmp_path: Path
) -> None:
    url, port, metrics = new_database(), free_port(), free_port()
    billing = "stripe" if url.startswith("sqlite") else "shopify"
    values = variables(url, telltale.origin, redis_server.url, billing, metrics)
    asked = len(telltale.asked)
    command = [str(Path(__file__).with_name("loud.py")), "serve", "--port", str(port)]
    with (
        started(values, *command, folder=tmp_path, program=sys.executable) as app,
        httpx.Client(timeout=60, trust_env=False) as client,
    ):
        visitor = Visitor(client, port)
        until(lambda: answers(port), app)
        addresses = _addresses(Config.from_environment(values))
        visitor.everywhere(addresses)
        until(lambda: len(telltale.asked) > asked + 3, app)
        _execute(url, "UPDATE setting SET value = '{\"tone\": canary-of-a-form'")
        visitor.everywhere(addresses)
        _execute(url, "ALTER TABLE shop RENAME TO elsewhere")
        visitor.everywhere(addresses)
        _execute(url, "ALTER TABLE elsewhere RENAME TO shop")
        scraped = httpx.get(f"http://127.0.0.1:{metrics}/metrics", timeout=30).text
        assert app.stop() == 0
        said = app.said()
    assert {200, 401, 404} <= visitor.statuses
    assert visitor.statuses & {500, 503}
    assert '"level": "error"' in said
    proofs = {f"proof {number}": token for number, token in enumerate(sorted(visitor.proofs))}
    for name, printed in {"log": said, "metrics": scraped}.items():
        assert found(printed, {**SECRETS, **PERSONAL, **proofs}) == [], name
    for answer in visitor.heard:
        assert found(answer, {**SECRETS, **proofs}) == [], answer[:300]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOPIFY_API_SECRET", "canary"),
        ("SHOPIFY_OLD_API_SECRET", "canary secret with spaces"),
        ("DANKBAR_SECRET_KEY", "canary!"),
        ("DANKBAR_SECRET_KEY", "canary"),
        ("DANKBAR_DATABASE_URL", "postgresql://someone:canary@127.0.0.1:1/none"),
        ("DANKBAR_DATABASE_URL", "postgresql://someone:canary@127.0.0.1:port/none"),
        ("DANKBAR_DATABASE_URL", "mysql://someone:canary@127.0.0.1/none"),
        ("DANKBAR_DATABASE_URL", "canary"),
        ("DANKBAR_REDIS_URL", "http://:canary@127.0.0.1"),
        ("DANKBAR_REDIS_URL", "redis://:canary@127.0.0.1:port/0"),
        ("DANKBAR_APP_URL", "https://someone:canary@127.0.0.1"),
        ("DANKBAR_STRIPE_ORIGIN", "https://127.0.0.1/?key=canary"),
        ("DANKBAR_METRICS", "canary"),
    ],
)
async def test_a_bad_value_is_never_repeated(name: str, value: str, tmp_path: Path) -> None:
    values = variables(
        f"sqlite:///{tmp_path}/x.db", "http://127.0.0.1:9", "redis://127.0.0.1:9/0", "none", 9464
    )
    with pytest.raises(ConfigurationError) as refused:
        async with open_runtime(Config.from_environment({**values, name: value})):
            pass
    assert "canary" not in str(refused.value)
    assert "canary" not in "".join(traceback.format_exception(refused.value))


def test_what_is_printed_of_the_configuration_names_public_fields_alone() -> None:
    values = variables(
        "postgresql://dankbar@127.0.0.1/x", "http://127.0.0.1:9", "redis://127.0.0.1/0", "none", 1
    )
    config = Config.from_environment(values)
    assert {one.name for one in dataclasses.fields(config) if one.repr} == PUBLIC
    assert found(repr(config), SECRETS) == []
    assert "canary-of" not in repr(config)
