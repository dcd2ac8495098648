"""What a shop can be trusted for: who packs the parcels, and how to reach them."""

from plugin.language import sentence
from widgets.base import Surface, Widget
from widgets.trust.settings import TrustSettings
from widgets.trust.view import view

widget = Widget(
    name="trust",
    title=sentence("Trust"),
    surfaces=frozenset({Surface.STOREFRONT, Surface.THANK_YOU}),
    settings=TrustSettings,
    view=view,
    says={"enabled": "text"},
)
