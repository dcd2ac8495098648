"""What there is to see: a name for each picture, how to get there, and what must be there before it is taken."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from playwright.sync_api import Route, expect

from tests.e2e.desk import open_section
from tests.e2e.screens import parcels
from tests.e2e.screens.story import ANNA, BELA, CLARA, Story
from tests.e2e.walk import Walk

NORA = "nora@example.com"
"""She has an account and has never ordered."""

THANKS = ("ready", "second", "void", "first")
POINTS = {"none": NORA, "pending": ANNA, "debt": BELA, "taken-back": CLARA}


@dataclass(frozen=True)
class View:
    """One picture; ``go`` opens the page and returns when all of it is there."""

    name: str
    go: Callable[[Walk], None]
    as_customer: str | None = None


def of_the_shop(story: Story) -> list[View]:
    """Everything a shopper sees on good days, guests first."""
    orders = story.orders
    views = [
        View("index", lambda walk: _plain(walk, "/")),
        View("home", lambda walk: _front(walk, "/storefront")),
        *(View(name, go) for name, go in parcels.BEFORE.items()),
        View("home-trust", _trust),
        View("missing", lambda walk: _plain(walk, "/storefront/products/nichts")),
        View("cart-empty", _emptied),
        View("cart", lambda walk: _cart(walk, story.codes["ready"])),
        View("cart-refused", lambda walk: _cart(walk, story.codes["first"])),
        View("checkout", lambda walk: _checkout(walk, story.codes["ready"])),
        View("sign-in", lambda walk: _plain(walk, "/storefront/account")),
    ]
    for name in THANKS:
        views.append(View(f"thank-you-{name}", partial(_thanks, order=orders[name])))
        views.append(View(f"order-{name}", partial(_order, order=orders[name])))
    views += [View(f"order-{name}", partial(_order, order=orders[name])) for name in parcels.STATES]
    views += [
        View("thank-you-loading", lambda walk: _loading(walk, orders["ready"])),
        View("thank-you-failed", lambda walk: _failed(walk, orders["ready"])),
        View("home-app-down", _without_app),
        View("thank-you-member", lambda walk: _thanks(walk, orders["member"]), ANNA),
        View("order-member", lambda walk: _order(walk, orders["member"]), ANNA),
    ]
    for where in ("storefront", "storefront/products/teekanne", "storefront/cart"):
        views.append(View(f"code-waiting-{where.split('/')[-1]}", partial(_waiting, where=where), ANNA))
    views.append(View("statement-guest", _statement))
    views.append(View("data-panel", partial(_about_data, page="data")))
    views.append(View("my-data-guest", partial(_about_data, page="my-data")))
    views.append(View("my-data-none", partial(_about_data, page="my-data"), NORA))
    views.append(View("my-data", partial(_about_data, page="my-data"), ANNA))
    views.append(View("my-data-debt", partial(_about_data, page="my-data"), BELA))
    for name, who in POINTS.items():
        views.append(View(f"statement-{name}", _statement, who))
        views.append(View(f"home-points-{name}", lambda walk: _front(walk, "/storefront"), who))
        views.append(View(f"account-points-{name}", _account, who))
    return views


def of_bad_days(story: Story) -> list[View]:
    """What a shopper sees while no code can be made."""
    id = story.orders["pending"]
    return [
        View("thank-you-pending", lambda walk: _thanks(walk, id)),
        View("order-pending", lambda walk: _order(walk, id)),
    ]


def of_a_fresh_admin() -> list[View]:
    """What a merchant sees first."""
    return [
        View("admin-home-fresh", _home),
        View("admin-editor", _editor),
        View("admin-coupon-figures-fresh", lambda walk: _figures(walk, "coupon")),
    ]


def of_a_busy_admin(story: Story) -> list[View]:
    """What a merchant sees later, on a bad day."""
    anna = story.people[ANNA]
    return [
        View("admin-home-busy", _home),
        View("admin-orders", lambda walk: _plain(walk, "/admin/orders")),
        View("admin-coupon", lambda walk: _section(walk, "coupon")),
        View("admin-coupon-figures", lambda walk: _figures(walk, "coupon")),
        View("admin-coupon-changed", lambda walk: _changed(walk, "valid_days", "45", "45")),
        View("admin-coupon-wrong", lambda walk: _wrong(walk, "coupon", "valid_days", "-3")),
        View("admin-delivery", parcels.lanes),
        View("admin-delivery-figures", lambda walk: _figures(walk, "delivery")),
        View("admin-loyalty", lambda walk: _section(walk, "loyalty")),
        View("admin-loyalty-wrong", lambda walk: _wrong(walk, "loyalty", "points_per_unit", "1.23456")),
        View("admin-trust", lambda walk: _section(walk, "trust")),
        View("admin-trust-wrong", _look_alike),
        View("admin-shop", lambda walk: _section(walk, "shop")),
        View("admin-ledger", lambda walk: _ledger(walk, None)),
        View("admin-ledger-customer", lambda walk: _ledger(walk, str(anna))),
        View("admin-ledger-nobody", lambda walk: _ledger(walk, "123456")),
        View("admin-privacy", _privacy),
        View("admin-plan", _plan),
    ]


def lost(walk: Walk, story: Story) -> None:
    """Open the thank-you page of an order that the app will never hear of."""
    walk.go(f"/storefront/orders/{story.orders['lost']}/thank-you")


def given_up(walk: Walk) -> None:
    """Wait until that page has stopped waiting."""
    expect(walk.widgets.locator("s-paragraph").first).to_be_visible(timeout=60_000)


def _plain(walk: Walk, path: str) -> None:
    walk.go(path)
    expect(walk.page.locator("h1").first).to_be_visible()


def _front(walk: Walk, path: str) -> None:
    walk.go(path)
    expect(walk.page.locator("#dankbar-loyalty")).to_be_visible()


def _trust(walk: Walk) -> None:
    walk.go("/storefront")
    block = walk.page.locator("#dankbar-trust")
    expect(block.locator(".seals a").first).to_be_visible()
    block.scroll_into_view_if_needed()


def _waiting(walk: Walk, where: str) -> None:
    _fill(walk, "teekanne")
    walk.context.request.post(f"{walk.base}/storefront/cart/code", form={"code": ""})
    walk.go(f"/{where}")
    expect(walk.page.locator("#dankbar-coupon code")).to_be_visible()


def _statement(walk: Walk) -> None:
    walk.go(f"/apps/dankbar/widgets/loyalty/statement?locale={walk.locale}")
    expect(walk.page.locator("#dankbar-loyalty-statement h1")).to_be_visible()


def _about_data(walk: Walk, page: str) -> None:
    walk.go(f"/apps/dankbar/widgets/trust/{page}?locale={walk.locale}")
    expect(walk.page.locator(f"#dankbar-trust-{page} h1")).to_be_visible()


def _privacy(walk: Walk) -> None:
    walk.go("/admin/apps/dankbar/admin/privacy")
    expect(walk.admin.locator("#asked")).to_be_visible()


def _plan(walk: Walk) -> None:
    walk.go("/admin/apps/dankbar/admin/plan")
    expect(walk.admin.locator(".plot.months svg")).to_be_visible()


def _without_app(walk: Walk) -> None:
    walk.page.route("**/apps/dankbar/**", lambda route: route.abort())
    walk.go("/storefront")
    expect(walk.page.locator("[data-dankbar-block=loyalty]")).to_have_attribute("data-dankbar-state", "empty")


def _fill(walk: Walk, *handles: str) -> None:
    for handle in handles:
        walk.context.request.post(
            f"{walk.base}/storefront/cart/change",
            form={"product": handle, "quantity": "2" if handle == "olivenseife" else "1"},
        )


def _emptied(walk: Walk) -> None:
    for handle in ("teekanne", "olivenseife"):
        walk.context.request.post(
            f"{walk.base}/storefront/cart/change", form={"product": handle, "quantity": "0"}
        )
    _plain(walk, "/storefront/cart")


def _cart(walk: Walk, code: str) -> None:
    _fill(walk, "teekanne", "olivenseife")
    walk.context.request.post(f"{walk.base}/storefront/cart/code", form={"code": code})
    _front(walk, "/storefront/cart")
    expect(walk.page.locator(".sum")).to_contain_text(code)


def _checkout(walk: Walk, code: str) -> None:
    _cart(walk, code)
    _plain(walk, "/storefront/checkout")


def _thanks(walk: Walk, order: int) -> None:
    walk.go(f"/storefront/orders/{order}/thank-you?again")
    expect(walk.widgets.locator("s-box").first).to_be_visible()
    expect(walk.widgets.locator("s-heading").first).to_be_visible()


def _order(walk: Walk, order: int) -> None:
    walk.go(f"/storefront/orders/{order}")
    expect(walk.widgets.locator("s-heading").first).to_be_visible()


def _account(walk: Walk) -> None:
    walk.go("/storefront/account")
    expect(walk.widgets.locator("s-heading").first).to_be_visible()


def _loading(walk: Walk, order: int) -> None:
    def never(route: Route) -> None:
        """Leave it unanswered."""

    walk.page.route("**/ext/**", never)
    walk.go(f"/storefront/orders/{order}/thank-you?again")
    expect(walk.widgets.locator("s-skeleton-paragraph").first).to_be_visible()


def _failed(walk: Walk, order: int) -> None:
    walk.page.route("**/ext/**", lambda route: route.abort())
    walk.go(f"/storefront/orders/{order}/thank-you?again")
    expect(walk.widgets.locator("s-paragraph").first).to_be_visible()


def _home(walk: Walk) -> None:
    walk.go("/admin")
    expect(walk.admin.locator("[data-placement][data-state=placed]").first).to_be_visible()


def _editor(walk: Walk) -> None:
    walk.go("/admin/themes/current/editor?preview")
    expect(walk.widgets.get_by_text("DANKE-7K2M-9QXP")).to_be_visible()


def _section(walk: Walk, name: str) -> None:
    open_section(walk, name)
    expect(walk.admin.locator(".scene").first).to_be_visible()


def _figures(walk: Walk, name: str) -> None:
    walk.go(f"/admin/apps/dankbar/admin/widgets/{name}/reports")
    expect(walk.admin.locator("dl.numbers dd").first).to_be_visible()


def _changed(walk: Walk, name: str, value: str, said: str) -> None:
    _section(walk, "coupon")
    before = walk.admin.locator("#preview").inner_text()
    walk.admin.locator(f"s-number-field[name={name}] input").fill(value)
    expect(walk.page.locator("#save-bar")).to_be_visible()
    expect(walk.admin.locator("#preview")).not_to_have_text(before, use_inner_text=True)


def _wrong(walk: Walk, section: str, name: str, value: str) -> None:
    _section(walk, section)
    field = walk.admin.locator(f"s-number-field[name={name}]")
    field.locator("input").fill(value)
    walk.page.get_by_role("button", name=walk.say("admin.save")).click()
    expect(field.locator("[part=error]")).not_to_be_empty()


def _look_alike(walk: Walk) -> None:
    _section(walk, "trust")
    entry = walk.admin.locator("#entries-seals > [data-row]").first
    entry.locator("summary").click()
    link = entry.locator("s-text-field[name$=verify_url]")
    link.locator("input").fill("https://trustedshops.de.evil.example/")
    walk.page.get_by_role("button", name=walk.say("admin.save")).click()
    expect(walk.admin.locator("s-text-field[name$=verify_url] [part=error]").first).not_to_be_empty()


def _ledger(walk: Walk, asked: str | None) -> None:
    walk.go("/admin/apps/dankbar/admin/ledger")
    search = walk.admin.locator("s-search-field input")
    expect(search).to_be_visible()
    if asked is None:
        walk.admin.locator("s-button[hx-post*=verify]").click()
        expect(walk.admin.locator("#proof s-banner[tone=success]")).to_be_visible()
        return
    search.fill(asked)
    search.press("Enter")
    expect(walk.admin.locator("#statement, s-search-field[error]").first).to_be_visible()
