"""The app proxy of the pocket Shopify: what it signs, what it carries over, and what it keeps to itself."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import uvicorn
from markupsafe import escape
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.pages import PAGES
from sandbox.seed import furnish
from sandbox.server import running_sandbox
from sandbox.simulator import Simulator
from sandbox.tokens import proxy_signature

SECRET = "a secret of thirty-two bytes, yes"


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """Serve an app on a free port; yields its origin."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


@dataclass
class Echo:
    """An app that remembers what reached it."""

    requests: list[tuple[Request, bytes]] = field(default_factory=list)

    def app(self) -> Starlette:
        async def answer(request: Request) -> Response:
            self.requests.append((request, await request.body()))
            if request.url.path == "/proxy/elsewhere":
                return RedirectResponse(f"/proxy/there?{request.url.query}", 302)
            if request.url.path == "/proxy/nothing":
                return Response(status_code=204)
            if request.url.path == "/proxy/page":
                page = "<p>{{ shop.name }} &#123;&#123; shop.name }}</p>"
                return Response(page, media_type="application/liquid; charset=utf-8")
            found = JSONResponse({"path": request.url.path}, headers={"Cache-Control": "private, no-store"})
            found.set_cookie("app", "1")
            found.headers["X-Powered-By"] = "nobody"
            return found

        everything = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return Starlette(routes=[Route("/{path:path}", answer, methods=everything)])


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def simulator(echo: Echo) -> Iterator[Simulator]:
    with (
        served(echo.app()) as origin,
        running_sandbox(client_id="c", client_secret=SECRET, app_url=origin, pages=PAGES) as found,
    ):
        found.sender.on_hold = True
        furnish(found, "example")
        yield found


@pytest.fixture
def visitor(simulator: Simulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=simulator.origin, verify=False, trust_env=False) as client:
        yield client


def arrived(echo: Echo) -> dict[str, list[str]]:
    """The query of the last request, its signature checked by the rule Shopify publishes."""
    query = urlsplit(str(echo.requests[-1][0].url)).query
    values = parse_qs(query, keep_blank_values=True)
    assert values["signature"] == [proxy_signature(SECRET, query)]
    return values


def test_a_visitors_request_arrives_signed_with_its_own_parameters(visitor: httpx.Client, echo: Echo) -> None:
    answer = visitor.get("/apps/dankbar/widgets?names=a,b&locale=de")
    assert answer.json() == {"path": "/proxy/widgets"}
    values = arrived(echo)
    assert values["names"] == ["a,b"]
    assert values["shop"] == ["example.myshopify.com"]
    assert values["path_prefix"] == ["/apps/dankbar"]
    assert values["logged_in_customer_id"] == [""]


def test_whoever_is_signed_in_is_named(visitor: httpx.Client, echo: Echo, simulator: Simulator) -> None:
    anna = simulator.customer("anna@example.com")
    visitor.post("/storefront/sign-in", data={"customer": str(anna.id)})
    visitor.get("/apps/dankbar/widgets")
    assert arrived(echo)["logged_in_customer_id"] == [str(anna.id)]


def test_method_and_body_go_through_and_the_host_is_told(visitor: httpx.Client, echo: Echo) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        visitor.request(method, "/apps/dankbar/x", content="reward=1&ä=ü", headers={"X-Own": "1"})
        request, body = echo.requests[-1]
        assert request.method == method
        assert body.decode() == "reward=1&ä=ü"
        assert request.headers["x-own"] == "1"
        assert request.headers["x-forwarded-host"] == visitor.base_url.netloc.decode()
        assert request.headers["x-forwarded-for"] == "127.0.0.1"


def test_no_cookie_crosses_in_either_direction(visitor: httpx.Client, echo: Echo) -> None:
    visitor.get("/storefront")
    assert visitor.cookies
    answer = visitor.get("/apps/dankbar/x")
    assert "cookie" not in echo.requests[-1][0].headers
    assert "set-cookie" not in answer.headers
    assert "x-powered-by" not in answer.headers
    assert answer.headers["cache-control"] == "private, no-store"


def test_a_visitor_cannot_say_whom_it_was_forwarded_for(visitor: httpx.Client, echo: Echo) -> None:
    visitor.get("/apps/dankbar/x", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "9.9.9.9"})
    assert echo.requests[-1][0].headers["x-forwarded-host"] == visitor.base_url.netloc.decode()
    assert echo.requests[-1][0].headers["x-forwarded-for"] == "127.0.0.1"


def test_what_a_visitor_adds_of_reserved_names_arrives_and_is_signed(
    visitor: httpx.Client, echo: Echo
) -> None:
    visitor.get("/apps/dankbar/x?logged_in_customer_id=7&shop=other.myshopify.com")
    values = arrived(echo)
    assert values["logged_in_customer_id"] == ["7", ""]
    assert values["shop"] == ["other.myshopify.com", "example.myshopify.com"]


def test_redirects_are_followed_and_not_passed_on(visitor: httpx.Client, echo: Echo) -> None:
    answer = visitor.get("/apps/dankbar/elsewhere")
    assert answer.status_code == 200
    assert answer.json() == {"path": "/proxy/there"}


def test_a_page_in_liquid_stands_in_the_themes_layout(visitor: httpx.Client, simulator: Simulator) -> None:
    answer = visitor.get("/apps/dankbar/page")
    assert answer.headers["content-type"].startswith("text/html")
    name = str(escape(simulator.shop("example").name))
    main = answer.text.partition('<main id="main">')[2].partition("</main>")[0]
    assert "&#123;&#123; shop.name }}</p>" in main
    assert main.count("Muster") == 1
    assert name in answer.text.partition("<main")[0]


def test_nothing_is_nothing(visitor: httpx.Client) -> None:
    answer = visitor.get("/apps/dankbar/nothing")
    assert answer.status_code == 204
    assert answer.content == b""


def test_an_app_that_is_not_there_is_a_page_of_shopifys(visitor: httpx.Client, simulator: Simulator) -> None:
    simulator.state.app_url = "http://127.0.0.1:9"
    answer = visitor.get("/apps/dankbar/x")
    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")
