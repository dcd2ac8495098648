"""The day on which a parcel arrives: promised from the merchant's own times, corrected by what really happened."""

from plugin.language import sentence
from widgets.base import Surface, Widget
from widgets.delivery import privacy
from widgets.delivery.settings import DeliverySettings
from widgets.delivery.view import view

widget = Widget(
    name="delivery",
    title=sentence("Delivery"),
    surfaces=frozenset({Surface.PRODUCT, Surface.CART, Surface.THANK_YOU, Surface.ORDER_STATUS}),
    settings=DeliverySettings,
    view=view,
    processing=privacy.PROCESSING,
    says={"enabled": "text"},
)
