"""What a shop has to write about personal data, made from the declarations: its record, and its policy's paragraph."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from plugin.language import LOCALES, Language, language, sentence
from plugin.settings_cache import Displayed
from widgets.addresses import PROXY
from widgets.fragment import sheet
from widgets.inventory import ShopInventory
from widgets.processing import PROTECTED_DATA
from widgets.records import Declared

PANEL, MINE = f"{PROXY}/widgets/trust/data", f"{PROXY}/widgets/trust/my-data"

MEASURES = (
    sentence(
        "Access tokens and Shopify's messages are encrypted where they are stored, with keys that can be changed."
    ),
    sentence("A message is erased as soon as it was dealt with."),
    sentence(
        "Entries name keys of their own; one column alone leads from them to Shopify's number of a customer."
    ),
    sentence(
        "Erasing empties that column, rewrites the database's files, and leaves a keyed hash that refuses late messages."
    ),
    sentence("Every look of the shop's staff at a customer's record is written down and kept for a year."),
    sentence(
        "Each shop's rows are asked for by that shop alone; every request is proved by Shopify's signature."
    ),
    sentence("No log holds numbers of customers or orders, addresses or contents."),
)
"""Technical measures, as the code takes them."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What both papers are made of."""

    shop: str
    domain: str
    rows: tuple[Declared, ...]
    made_on: str
    level: str
    measures: tuple[str, ...]
    panel_url: str
    mine_url: str


def art_30(conn: Connection, shown: Displayed, locale: str, now: datetime) -> str:
    """Return the shop's record of processing activities (Art. 30 GDPR) for what is done here, as one HTML document."""
    spoken = language(locale, "sie", folder=LOCALES)
    return sheet("shared/art_30.html", _paper(conn, shown, spoken, now), spoken)


def policy(conn: Connection, shown: Displayed, locale: str, tone: str, now: datetime) -> str:
    """Return the paragraph for the shop's privacy policy, as HTML to be pasted; it addresses people in that tone."""
    spoken = language(locale, tone, folder=LOCALES)
    return sheet("shared/policy.html", _paper(conn, shown, spoken, now), spoken)


def _paper(conn: Connection, shown: Displayed, spoken: Language, now: datetime) -> Paper:
    gettext = spoken.gettext
    return Paper(
        shop=shown.shop.name,
        domain=shown.shop.domain,
        rows=ShopInventory(shown, spoken, now).rows(conn),
        made_on=spoken.long_date(now.astimezone(shown.settings.zone).date()),
        level=gettext("Level %(level)s of Shopify's protected customer data", level=PROTECTED_DATA),
        measures=tuple(gettext(one) for one in MEASURES),
        panel_url=PANEL,
        mine_url=MINE,
    )
