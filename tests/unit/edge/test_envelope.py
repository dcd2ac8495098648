"""What is around every answer, seen through a real application."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from plugin import web
from plugin.config import Config
from plugin.envelope import MOST_BYTES, Envelope, error_handlers
from plugin.errors import Conflict, Invalid, NotFound, TooMany, Unavailable
from plugin.web import RETRY
from tests.unit.edge.signing import admin_claims, bearer, buyer_claims, config, proxied, token


def full_disk() -> Exception:
    """What a statement says when there is no page left."""
    with create_engine("sqlite://").connect() as conn:
        conn.execute(text("PRAGMA max_page_count=1"))
        try:
            conn.execute(text("CREATE TABLE t (x)"))
        except DBAPIError as error:
            return error
    raise AssertionError("there was room")


KINDS: dict[str, Exception] = {
    "conflict": Conflict("This is spoken for."),
    "invalid": Invalid("A field is wrong.", fields={"value": "It is too small."}),
    "missing": NotFound("There is nothing here for you."),
    "many": TooMany("Please wait a moment."),
    "unavailable": Unavailable("Please try again."),
    "full": full_disk(),
    "bug": RuntimeError("parameters: ('anna@example.com', 5123456789012)"),
}


async def fail(request: Request[Any]) -> Response:
    raise KINDS[request.path_params["kind"]]


async def echo(request: Request[Any]) -> Response:
    return JSONResponse(
        {"length": len(await request.body())}, headers={"Cache-Control": "public, max-age=60"}
    )


async def broken(request: Request[Any]) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"begun"
        raise RuntimeError("secret words")

    return StreamingResponse(parts())


async def staff(request: Request[Any]) -> Response:
    proof = web.merchant(request, request.state["runtime"].config)
    return PlainTextResponse(f"{proof.shop_handle} {proof.user_id} {web.is_part(request)}")


@dataclass
class Opened:
    config: Config


def application(settings: Config) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        yield {"runtime": Opened(settings)}

    routes = [
        Route("/auth/patch-id-token", web.patch_page),
        Route("/ext/fail/{kind}", fail),
        Route("/proxy/fail/{kind}", fail),
        Route("/fail/{kind}", fail),
        Route("/echo", echo, methods=["POST"]),
        Route("/ext/echo", echo, methods=["POST"]),
        Route("/proxy/echo", echo, methods=["POST"]),
        Route("/broken", broken),
        Route("/", staff),
        Route("/admin/loyalty", staff, methods=["GET", "POST"]),
        Route("/admin/{path:path}", web.no_such_page, methods=["GET", "POST", "PUT"]),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Envelope, config=settings)],
        exception_handlers=error_handlers(),
        lifespan=lifespan,
    )


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(application(config()), follow_redirects=False) as made:
        yield made


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("conflict", 409, "conflict"),
        ("invalid", 422, "invalid"),
        ("missing", 404, "not_found"),
        ("many", 429, "too_many"),
        ("unavailable", 503, "unavailable"),
        ("full", 503, "unavailable"),
        ("bug", 500, "error"),
    ],
)
@pytest.mark.parametrize("prefix", ["/ext", "/proxy", ""])
def test_every_error_is_one_sentence_with_all_headers(
    client: TestClient, prefix: str, kind: str, status: int, code: str
) -> None:
    answer = client.get(f"{prefix}/fail/{kind}")
    assert answer.status_code == status
    body = answer.json()
    assert body["error"] == code
    assert body["detail"].endswith(".")
    assert ("fields" in body) == (kind == "invalid")
    assert ("retry-after" in answer.headers) == (status in {429, 503})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.headers["x-request-id"]) == 16
    assert answer.headers.get("access-control-allow-origin") == ("*" if prefix == "/ext" else None)
    assert answer.headers.get("cache-control") == ("private, no-store" if prefix else None)
    assert "anna" not in answer.text


def test_a_bug_is_logged_by_type_and_place_alone(client: TestClient) -> None:
    with capture_logs() as lines:
        answer = client.get("/fail/bug?checkout_token=secret")
    (line,) = lines
    assert line["event"] == "unhandled"
    assert line["error"] == "RuntimeError"
    assert line["at"][-1].endswith(" fail")
    assert not any(word in repr(line) for word in ("anna", "5123456789012", "secret"))
    assert answer.status_code == 500


def test_a_broken_answer_is_cut_without_its_words(client: TestClient) -> None:
    with capture_logs() as lines, pytest.raises(RuntimeError, match="broke off"):
        client.get("/broken")
    assert "secret" not in repr(lines)


def test_a_person_reads_a_page_in_their_language(client: TestClient) -> None:
    html = {"accept": "text/html,*/*"}
    answer = client.get("/fail/conflict?locale=de-AT", headers=html)
    assert answer.headers["content-type"].startswith("text/html")
    assert '<html lang="de">' in answer.text
    assert "This is spoken for." in answer.text
    assert '<html lang="en">' in client.get("/fail/conflict", headers=html).text
    for path in ("/ext/fail/conflict", "/proxy/fail/conflict.json"):
        assert client.get(path, headers=html).headers["content-type"] == "application/json"


def test_unknown_addresses_and_methods_have_the_same_form(client: TestClient) -> None:
    assert client.get("/nowhere").json() == {"error": "not_found", "detail": "There is nothing here."}
    answer = client.get("/echo")
    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"
    assert client.get("/ext/nowhere").headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/ext/echo", "/ext/nowhere"])
def test_a_preflight_is_answered_for_anybody(client: TestClient, path: str) -> None:
    asked = {"origin": "null", "access-control-request-method": "GET"}
    answer = client.options(path, headers={**asked, "access-control-request-headers": "authorization"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "Authorization, Content-Type"
    assert answer.headers["access-control-allow-methods"] == "GET, POST, OPTIONS"
    assert answer.headers["cache-control"] == "private, no-store"


def test_one_persons_answer_is_never_cached_whatever_the_page_says(client: TestClient) -> None:
    assert client.post("/echo").headers["cache-control"] == "public, max-age=60"
    for path in ("/proxy/echo", "/ext/echo"):
        assert client.post(path).headers.get_list("cache-control") == ["private, no-store"]


def test_a_body_is_read_up_to_its_bound(client: TestClient) -> None:
    assert client.post("/echo", content=b"x" * MOST_BYTES).json() == {"length": MOST_BYTES}
    assert client.post("/echo", content=b"x" * (MOST_BYTES + 1)).status_code == 413

    def parts() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * (MOST_BYTES // 2)

    unannounced = client.post("/ext/echo", content=parts())
    assert unannounced.status_code == 413
    assert unannounced.json()["error"] == "too_large"
    assert unannounced.headers["access-control-allow-origin"] == "*"


def test_https_is_remembered_where_the_app_has_it() -> None:
    with TestClient(application(config(DANKBAR_APP_URL="https://app.example"))) as client:
        assert client.get("/nowhere").headers["strict-transport-security"] == "max-age=31536000"
    with TestClient(application(config())) as client:
        assert "strict-transport-security" not in client.get("/nowhere").headers


DOCUMENT = {"accept": "text/html", "sec-fetch-dest": "iframe"}


def test_staff_are_let_in_by_header_and_by_address(client: TestClient) -> None:
    text = token(admin_claims())
    assert client.get("/", params={"id_token": text}, headers=DOCUMENT).text == "example 42 False"
    part = {**bearer(text), "hx-request": "true", "hx-request-type": "partial"}
    assert client.post("/admin/loyalty", headers=part).text == "example 42 True"


@pytest.mark.parametrize("path", ["/", "/admin/loyalty", "/admin/no/such/page"])
@pytest.mark.parametrize("stale", [None, "a.b.c", "expired", "buyer"])
def test_a_document_without_a_good_token_is_sent_to_fetch_one(
    client: TestClient, path: str, stale: str | None
) -> None:
    made = {"expired": token(admin_claims({"exp": 1})), "buyer": token(buyer_claims())}
    query = "embedded=1&shop=example.myshopify.com&host=YWJj%2F" + (
        f"&id_token={made.get(stale, stale)}&locale=de" if stale else "&locale=de"
    )
    answer = client.get(f"{path}?{query}", headers=DOCUMENT)
    assert answer.status_code == 302
    location = answer.headers["location"]
    kept = "embedded=1&shop=example.myshopify.com&host=YWJj%2F&locale=de"
    assert location.startswith(f"/auth/patch-id-token?{kept}&shopify-reload=")
    assert "id_token=" not in location
    page = client.get(location)
    assert page.status_code == 200
    assert 'src="https://cdn.shopify.com/shopifycloud/app-bridge.js"' in page.text
    assert page.headers["content-security-policy"].startswith(
        "frame-ancestors https://example.myshopify.com https://admin.shopify.com;"
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"accept": "application/json"},
        {"hx-request": "true", "accept": "text/html"},
        {"authorization": "Bearer a.b.c", "accept": "text/html"},
        {"accept": "text/html", "sec-fetch-dest": "empty"},
        {"accept": "text/html", "sec-fetch-dest": "script"},
    ],
)
@pytest.mark.parametrize("path", ["/admin/loyalty", "/admin/no/such/page"])
def test_a_fetch_without_a_good_token_may_try_once_more(
    client: TestClient, path: str, headers: dict[str, str]
) -> None:
    answer = client.get(f"{path}?shop=example.myshopify.com", headers=headers)
    assert answer.status_code == 401
    assert answer.headers[RETRY] == "1"
    assert client.post(path, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        "",
        "shop=evil.example",
        "shop=example.myshopify.com.evil.example",
        "shop=example.myshopify.com&shop=other.myshopify.com",
        "shop=",
    ],
)
def test_a_document_of_no_shop_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/?{query}", headers=DOCUMENT).status_code == 401
    assert client.get(f"/auth/patch-id-token?{query}&shopify-reload=%2F").status_code == 400


@pytest.mark.parametrize(
    "reload",
    [
        "",
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "%2Fa%0Ab",
        "javascript%3A1",
    ],
)
def test_the_patch_page_leads_nowhere_else(client: TestClient, reload: str) -> None:
    ours = "/auth/patch-id-token?shop=example.myshopify.com"
    assert client.get(f"{ours}&shopify-reload={reload}").status_code == 400
    assert client.get(ours).status_code == 400
    assert client.get(f"{ours}&shopify-reload=%2F&shopify-reload=%2Fx").status_code == 400


def test_no_other_proof_opens_the_admin(client: TestClient) -> None:
    assert client.get("/admin/loyalty", headers=bearer(token(buyer_claims()))).status_code == 401
    assert client.get(proxied("/admin/loyalty", customer="7")).status_code == 401
    good = token(admin_claims())
    doubled = [("authorization", f"Bearer {good}"), ("authorization", f"Bearer {good}")]
    assert client.get("/admin/loyalty", headers=doubled).status_code == 401


def test_who_is_staff_learns_that_a_page_is_missing(client: TestClient) -> None:
    answer = client.get("/admin/no/such/page", headers=bearer(token(admin_claims())))
    assert (answer.status_code, json.loads(answer.text)["error"]) == (404, "not_found")


def test_documents_may_be_framed_by_their_shop_alone() -> None:
    settings = config(
        DANKBAR_ADMIN_ORIGIN="http://127.0.0.1:9100", DANKBAR_SHOPIFY_CDN="http://127.0.0.1:9100/cdn"
    )
    headers = web.document_headers(settings, "example")
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors https://example.myshopify.com http://127.0.0.1:9100;" in policy
    assert "unsafe" not in policy
    assert "http://127.0.0.1:9100/cdn/shopifycloud/app-bridge.js" in headers["Link"]


def test_templates_escape_and_miss_nothing() -> None:
    environment = web.templates()
    made = environment.from_string("<b>{{ name }}</b>")
    assert made.render(name="<script>") == "<b>&lt;script&gt;</b>"
    with pytest.raises(Exception, match="undefined"):
        made.render()
    assert any(name.startswith("loyalty/") for name in environment.list_templates())
