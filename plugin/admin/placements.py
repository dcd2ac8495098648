"""Where shoppers can see the widgets, and the links that lead a merchant there.

Whether a block is placed is known to App Bridge alone, in the browser; the page says so until it answers.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import widgets
from plugin.admin.desk import Desk
from plugin.language import sentence
from widgets import Surface, Widget

_THEME = {
    Surface.STOREFRONT: ("index", "newAppsSection"),
    Surface.PRODUCT: ("product", "mainSection"),
    Surface.CART: ("cart", "newAppsSection"),
}
"""Template and place in the theme editor; a block's handle is its widget's name."""

_PAGES = {
    Surface.THANK_YOU: (sentence("Thank-you page"), "purchase.thank-you.block.render"),
    Surface.ORDER_STATUS: (sentence("Order status page"), "customer-account.order-status.block.render"),
    Surface.ACCOUNT: (sentence("Customer account"), "customer-account.profile.block.render"),
}
"""Title, and the extension target that App Bridge lists once it is placed."""


@dataclass(frozen=True, slots=True)
class Placement:
    """One place: ``block`` is a theme block's handle, or ``target`` an extension's target."""

    title: str
    href: str
    block: str = ""
    target: str = ""


def placements(desk: Desk) -> tuple[Placement, ...]:
    """Every place there is: the pages of an order first, then one theme block for each widget."""
    gettext = desk.language.gettext
    shown = {surface for widget in widgets.ALL.values() for surface in widget.surfaces}
    pages = [
        Placement(gettext(title), _checkout_editor(desk), target=target)
        for surface, (title, target) in _PAGES.items()
        if surface in shown
    ]
    blocks = []
    for name, widget in widgets.ALL.items():
        if surface := next((place for place in _THEME if place in widget.surfaces), None):
            title = gettext("Online shop: %(widget)s", widget=desk.of_widget(name).gettext(widget.title))
            blocks.append(Placement(title, _theme_editor(desk, widget, surface), block=name))
    return (*pages, *blocks)


def _theme_editor(desk: Desk, widget: Widget[Any], surface: Surface) -> str:
    template, target = _THEME[surface]
    block = f"{desk.runtime.config.api_key}/{widget.name}"
    query = urlencode(
        {"template": template, "addAppBlockId": block, "target": target}, quote_via=quote, safe="/"
    )
    return f"https://{desk.shop.domain}/admin/themes/current/editor?{query}"


def _checkout_editor(desk: Desk) -> str:
    """The editor of checkout and account pages; Shopify documents no parameters of its address."""
    return f"https://{desk.shop.domain}/admin/settings/checkout"
