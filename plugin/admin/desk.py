"""What an admin page works with: a proved merchant's shop, and how this person is spoken to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request

import widgets
from plugin import settings
from plugin.language import LOCALES, Language, language
from plugin.runtime import Runtime
from plugin.settings import Section, ShopSettings, Versions
from plugin.shops import Shop

SCOPE = "dankbar.desk"
"""Where the door leaves the desk for the page behind it."""

KEPT = ("shop", "host", "locale", "embedded")
"""Parameters that every link inside the admin carries on: Shopify's token page needs them to find the way back."""

S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True)
class Desk:
    """One request of a merchant; merchants are addressed politely, whatever the shop's tone.

    ``staff`` is Shopify's number of the person who asks.
    """

    runtime: Runtime
    shop: Shop
    settings: ShopSettings
    staff: int
    locale: str
    now: datetime
    query: Mapping[str, str]

    @property
    def language(self) -> Language:
        """How this merchant is spoken to."""
        return language(self.locale, "sie", folder=LOCALES)

    def of_widget(self, name: str) -> Language:
        """The same, with the widget's own catalogue for its labels."""
        return language(self.locale, "sie", folder=widgets.ALL[name].locales)

    def link(self, path: str, **query: str) -> str:
        """The address of an admin page that keeps shop, host and language."""
        kept = {name: self.query[name] for name in KEPT if self.query.get(name)}
        return f"{path}?{urlencode({**kept, 'shop': self.shop.domain, **query})}"

    def moment(self, at: datetime) -> str:
        """A point in time on the shop's clock: 12. Dez., 14:05."""
        local = at.astimezone(self.settings.zone)
        return f"{self.language.date(local.date())}, {local:%H:%M}"

    def day(self, at: datetime) -> str:
        """The day of a point in time, on the shop's clock."""
        return self.language.long_date(at.astimezone(self.settings.zone).date())

    def money(self, minor: int) -> str:
        """An amount in minor units of the shop's currency."""
        return self.language.money(minor, self.settings.currency)


def desk_of(request: Request[Any]) -> Desk:
    """The desk that the door prepared."""
    found: Desk = request.scope[SCOPE]
    return found


def sections_of(conn: Connection, shop_id: int) -> Versions:
    """All versions of all sections of the shop, in one query."""
    return settings.versions(conn, [shop_id], widgets.SECTIONS.values())
