"""Where a shopper's browser reaches the app: through the shop's own domain."""

from urllib.parse import urlencode

from widgets.base import Context

PROXY = "/apps/dankbar"
"""Where the shop's own domain reaches the app, unless its staff chose another path; the storefront says which."""


def page_url(ctx: Context, path: str, **query: object) -> str:
    """Return the address of a widget's page, in the language of the one that links to it."""
    asked = f"/widgets/{path}?{urlencode({'locale': ctx.language.tag, **query})}"
    return f"{ctx.prefix}{asked}" if ctx.prefix else f"https://{ctx.shop.host}{PROXY}{asked}"
