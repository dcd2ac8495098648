"""What is said beside a seal's inputs while they are typed."""

from collections.abc import Mapping
from datetime import datetime

from plugin.language import Language
from plugin.settings import ShopSettings
from widgets.trust.issuers import by_name
from widgets.trust.settings import TrustSettings


def notes(
    settings: TrustSettings, shop: ShopSettings, language: Language, now: datetime
) -> Mapping[str, str]:
    """Return a sentence for each issuer that we know, and for each seal whose time is over."""
    today, found = now.astimezone(shop.zone).date(), dict[str, str]()
    for number, seal in enumerate(settings.seals):
        known = by_name(seal.issuer)
        if known is not None:
            found[f"seals[{number}].issuer"] = language.gettext(
                "Known as %(issuer)s: the link must lead to their own pages.", issuer=known.name
            )
        if seal.valid_until < today:
            found[f"seals[{number}].valid_until"] = language.gettext(
                "This day is over: your customers do not see the seal."
            )
    return found
