"""Who is walking about in the shop: one visit for each browser, kept in memory under the sandbox's own cookie."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.pages.texts import LOCALES, Texts
from sandbox.simulator import Simulator
from sandbox.state import Customer, Order, Product, Shop

COOKIE = "sandbox_visit"
THEMES = ("light", "dark", "loud")
MOST_VISITS = 10_000


@dataclass(slots=True)
class Visit:
    """One browser's state: cart by product id, code to apply, who is signed in, theme and language."""

    token: str
    locale: str = "de"
    theme: str = "light"
    cart: dict[int, int] = field(default_factory=dict)
    code: str | None = None
    customer_id: int | None = None
    country: str = "DE"
    order_id: int | None = None
    thanked: set[int] = field(default_factory=set)
    notice: str | None = None


class Visits:
    """The visits of one server, oldest forgotten first."""

    def __init__(self) -> None:
        self._known: dict[str, Visit] = {}

    def find(self, token: str | None, locale: str) -> tuple[Visit, bool]:
        """Return the visit of a cookie and False, or a new one and True."""
        known = self._known.get(token or "")
        if known is not None:
            return known, False
        visit = Visit(secrets.token_urlsafe(18), locale=locale)
        self._known[visit.token] = visit
        while len(self._known) > MOST_VISITS:
            del self._known[next(iter(self._known))]
        return visit, True


@dataclass(frozen=True, slots=True)
class Stay:
    """One request of a visit, with the shop it is in."""

    request: Request
    simulator: Simulator
    shop: Shop
    visit: Visit

    @property
    def texts(self) -> Texts:
        """The words of the visit's language."""
        return Texts(self.visit.locale, self.shop.currency)

    @property
    def customer(self) -> Customer | None:
        """Who is signed in."""
        return self.shop.customers.get(self.visit.customer_id or 0)

    @property
    def count(self) -> int:
        """How many things lie in the cart."""
        return sum(self.visit.cart.values())

    def product(self, handle: str) -> Product | None:
        """Find a product by its handle."""
        return next((one for one in self.shop.products.values() if one.handle == handle), None)

    def order(self) -> Order | None:
        """Find the order that the address names."""
        return self.shop.orders.get(int(self.request.path_params["id"]))

    async def form(self) -> dict[str, str]:
        """Return the fields of the form that was sent."""
        sent = await self.request.form()
        return {name: value for name, value in sent.items() if isinstance(value, str)}


Page = Callable[[Stay], Awaitable[Response]]


def page(path: str, work: Page, *methods: str) -> Route:
    """Return a route whose work knows the visit; ``theme`` and ``locale`` in the query change it for good."""

    async def endpoint(request: Request) -> Response:
        state = request.app.state
        if not hasattr(state, "visits"):
            state.visits = Visits()
        visit, fresh = state.visits.find(request.cookies.get(COOKIE), _preferred(request))
        theme, locale = request.query_params.get("theme"), request.query_params.get("locale")
        visit.theme = theme if theme in THEMES else visit.theme
        visit.locale = locale if locale in LOCALES else visit.locale
        simulator: Simulator = state.simulator
        answer = await work(Stay(request, simulator, simulator.shop(state.shop), visit))
        if fresh:
            answer.set_cookie(COOKIE, visit.token, httponly=True, samesite="lax")
        return answer

    return Route(path, endpoint, methods=list(methods or ("GET",)))


def see(address: str) -> Response:
    """Send the browser there with GET."""
    return RedirectResponse(address, 303)


def _preferred(request: Request) -> str:
    first = request.headers.get("accept-language", "de")[:2].lower()
    return first if first in LOCALES else "en"
