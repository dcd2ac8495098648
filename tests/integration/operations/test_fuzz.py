"""Whatever is sent to the doors, proved or not: an answer that is no error of ours, and no program error kept anywhere."""

import asyncio
import base64
import json
import shutil
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import AsyncExitStack
from itertools import count
from typing import Any, TypeVar
from urllib.parse import quote_from_bytes, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

import widgets
from plugin.errors import DankbarError
from tests import engine
from tests.integration.conftest import HOMES
from tests.integration.engine.stories import NOW, bought
from tests.integration.operations.processes import SECRET
from tests.integration.operations.test_pressure import App, opened
from tests.unit.edge.signing import admin_claims, bearer, buyer_claims, proxied, token
from webhooks.inbox import inbox
from webhooks.topics import names

T = TypeVar("T")

TRIED = settings(max_examples=120, suppress_health_check=list(HealthCheck))
OURS = "An error in the program"
PAGES = (
    "/",
    "/admin/loyalty",
    "/admin/customers",
    "/admin/ledger",
    "/auth/patch-id-token",
    "/ext/account",
    "/ext/orders/1",
    "/proxy/widgets",
    "/proxy/widgets/coupon",
    "/proxy/widgets/loyalty.json",
    "/proxy/widgets/loyalty/statement",
)
PLAIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60)
QUERY = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#")
SMALL = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANYTHING = st.recursive(
    SMALL,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
OTHERS = {
    "id": 7,
    "admin_graphql_api_id": "gid://shopify/Order/7",
    "order_id": 1,
    "status": "success",
    "happened_at": "2026-05-01T12:00:00Z",
    "created_at": "2026-05-01T12:00:00Z",
    "updated_at": "2026-05-01T12:00:00Z",
    "myshopify_domain": "example.myshopify.com",
    "shop_domain": "example.myshopify.com",
    "currency": "EUR",
    "iana_timezone": "Europe/Berlin",
    "customer": {"id": 5},
    "orders_to_redact": [1, 2],
    "orders_requested": [1],
    "data_request": {"id": 9},
    "current": ["read_orders"],
    "line_items": [{"id": 1, "quantity": 1}],
    "tracking_numbers": ["x"],
    "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/5",
    "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/6",
}


_customers = count(5)
"""One after the other: each may ask so often in a minute."""


class Machine:
    """The application in a loop of its own, driven from tests without one."""

    def __init__(self, loop: asyncio.AbstractEventLoop, app: App) -> None:
        self._loop = loop
        self.app = app

    def run(self, work: Awaitable[T]) -> T:
        return self._loop.run_until_complete(work)

    def ask(self, method: str, target: str, **more: Any) -> httpx.Response:
        """Ask, and see that the answer is none of our errors and splits no header."""
        answer = self.run(self.app.client.request(method, target, **more))
        assert answer.status_code < 500, (method, target, more, answer.text)
        assert not any(b"\n" in value or b"\r" in value for _, value in answer.headers.raw)
        return answer


@pytest.fixture(scope="module", params=HOMES)
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("fuzz") / "dankbar.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgres_copies").lend()
    loop, stack = asyncio.new_event_loop(), AsyncExitStack()
    app = loop.run_until_complete(stack.enter_async_context(opened(url)))
    for handle in ("example", "gone"):
        loop.run_until_complete(
            app.db.write(lambda conn, handle=handle: engine.install(conn, handle, now=NOW))  # type: ignore[misc]
        )
    yield Machine(loop, app)
    loop.run_until_complete(stack.aclose())
    loop.close()
    if request.param == "postgresql":
        request.getfixturevalue("postgres_copies").take_back(url)


def places(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every part of a JSON value."""
    found = [before] if before else []
    items: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in items:
        found += places(inner, (*before, key))
    return found


@st.composite
def spoiled(draw: st.DrawFn, body: Mapping[str, Any]) -> bytes:
    """A body of which a few parts are gone or something else."""
    whole = json.loads(json.dumps(body))
    for _ in range(draw(st.integers(0, 3))):
        *way, last = draw(st.sampled_from(places(whole) or [("id",)]))
        inner = whole
        for step in way:
            inner = inner[step]
        if draw(st.booleans()):
            inner[last] = draw(ANYTHING)
        elif isinstance(inner, dict):
            del inner[last]
    return json.dumps(whole).encode()


@st.composite
def events(draw: st.DrawFn) -> tuple[str, bytes]:
    """A topic and a body that has something to do with it, mostly."""
    topic = draw(st.sampled_from(names()))
    base: Mapping[str, Any] = OTHERS
    if topic.startswith("orders/"):
        base = bought(draw(st.integers(1, 5))).body()
    return topic, draw(
        spoiled(base) | st.binary(max_size=50) | ANYTHING.map(lambda one: json.dumps(one).encode())
    )


@TRIED
@given(batch=st.lists(events(), min_size=1, max_size=4))
def test_no_webhook_makes_the_program_fail(machine: Machine, batch: list[tuple[str, bytes]]) -> None:
    def work(conn: Connection) -> list[str]:
        for topic, body in batch:
            shop = "gone" if topic in {"app/uninstalled", "shop/redact"} else "example"
            engine.store(conn, topic, body, now=NOW, shop=shop)
        engine.handle_all(conn, NOW)
        return list(conn.execute(select(inbox.c.reason).where(inbox.c.reason.startswith(OURS))).scalars())

    assert machine.run(machine.app.db.write(work)) == []


@TRIED
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT"]),
    page=st.sampled_from(PAGES),
    query=st.binary(max_size=60).map(quote_from_bytes) | st.text(QUERY, max_size=60),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "authorization",
                "accept",
                "accept-language",
                "cookie",
                "hx-request",
                "x-forwarded-host",
                "range",
            ]
        ),
        PLAIN,
    ),
    body=st.binary(max_size=60),
)
def test_nothing_unproved_makes_a_page_fail(
    machine: Machine, method: str, page: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = machine.ask(method, f"{page}?{query}", headers=raw, content=body)
    assert answer.status_code in {302, 400, 401, 404, 405}
    if answer.status_code == 302:
        assert answer.headers["location"].startswith("/auth/patch-id-token?")


@TRIED
@given(
    page=st.sampled_from(PAGES),
    changes=st.dictionaries(
        st.sampled_from(["iss", "dest", "aud", "sub", "exp", "nbf", "iat", "jti", "sid"]),
        ANYTHING,
        max_size=3,
    ),
    staff=st.booleans(),
)
def test_no_signed_token_makes_a_guard_fail(
    machine: Machine, page: str, changes: dict[str, Any], staff: bool
) -> None:
    claims = (admin_claims if staff else buyer_claims)({"aud": "client", **changes})
    machine.ask("GET", page, headers=bearer(token(claims, secret=SECRET)))


@TRIED
@given(text=st.binary(max_size=40), page=st.sampled_from(PAGES))
def test_no_token_of_whatever_bytes_makes_a_guard_fail(machine: Machine, text: bytes, page: str) -> None:
    part = base64.urlsafe_b64encode(text).decode().rstrip("=")
    for made in (part, f"{part}.{part}.{part}", f"eyJhbGciOiJIUzI1NiJ9.{part}.{part}"):
        assert machine.ask("GET", page, headers=bearer(made)).status_code in {400, 401}


@TRIED
@given(
    page=st.sampled_from([page for page in PAGES if page.startswith("/proxy")]),
    extra=st.lists(
        st.tuples(
            st.sampled_from(["locale", "names", "country", "zip", "product", "page", "shop", "signature"])
            | st.text(max_size=10),
            st.text(max_size=20),
        ),
        max_size=4,
    ),
    customer=st.sampled_from(["", "5", "0", "-1", "x", "9" * 30]),
)
def test_no_address_that_the_proxy_signed_makes_a_widget_fail(
    machine: Machine, page: str, extra: list[tuple[str, str]], customer: str
) -> None:
    clean = [(name, value) for name, value in extra if "\ud800" not in name + value]
    try:
        target = proxied(page, customer=customer, secret=SECRET, extra=tuple(clean))
    except UnicodeEncodeError:
        return  # no browser can send half a character
    machine.ask("GET", target)


@TRIED
@given(
    form=st.dictionaries(
        st.sampled_from(["reward", "request_id", "action_token"]) | st.text(max_size=8), st.text(max_size=30)
    )
    | st.binary(max_size=60),
    accept=st.sampled_from(["application/json", "text/html"]),
)
def test_no_form_of_a_signed_in_shopper_makes_it_fail(machine: Machine, form: Any, accept: str) -> None:
    target = proxied("/proxy/widgets/loyalty/redeem", customer=str(next(_customers)), secret=SECRET)
    try:
        body = form if isinstance(form, bytes) else urlencode(form).encode()
    except UnicodeEncodeError:
        return  # no browser can send half a character
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": accept}
    assert machine.ask("POST", target, content=body, headers=headers).status_code in {
        400,
        403,
        404,
        409,
        422,
        429,
    }


@TRIED
@given(data=st.data(), section=st.sampled_from(sorted(widgets.SECTIONS)))
def test_no_setting_makes_the_program_fail(machine: Machine, data: st.DataObject, section: str) -> None:
    known = st.sampled_from(sorted(widgets.SECTIONS[section].model_fields))
    value = (
        st.text(max_size=30) | ANYTHING.map(json.dumps) | st.sampled_from(["1e999", "NaN", "-0", "{{7*7}}"])
    )
    patch = data.draw(st.dictionaries(known | st.text(max_size=8), value, min_size=1, max_size=3))

    said: list[str] = []

    def change(conn: Connection) -> None:
        with conn.begin_nested() as undone:
            try:
                widgets.change_settings(conn, 1, section, patch, NOW)
            except DankbarError as error:
                said.append(str(error))
            finally:
                undone.rollback()

    machine.run(machine.app.db.write(change))
    assert all(one.strip() for one in said)
