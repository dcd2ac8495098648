"""The day on which a parcel arrives: promised from the merchant's own times, corrected by what really happened."""

from datetime import timedelta

from plugin.clock import Job
from plugin.language import sentence
from widgets.base import Surface, Widget
from widgets.delivery import privacy, teaching, watch
from widgets.delivery.effects import on_orders
from widgets.delivery.invariants import INVARIANTS
from widgets.delivery.notes import notes
from widgets.delivery.reports import REPORTS
from widgets.delivery.review import review
from widgets.delivery.settings import DeliverySettings
from widgets.delivery.view import view
from widgets.delivery.waiting import alerts

widget = Widget(
    name="delivery",
    title=sentence("Delivery"),
    surfaces=frozenset({Surface.PRODUCT, Surface.CART, Surface.THANK_YOU, Surface.ORDER_STATUS}),
    settings=DeliverySettings,
    view=view,
    effects={"orders": on_orders},
    tasks={watch.TELL: watch.tell},
    jobs=(
        Job("delivery.review", timedelta(hours=1), review),
        Job(watch.WATCH, timedelta(minutes=30), watch.watch),
        teaching.JOB,
    ),
    processing=privacy.PROCESSING,
    invariants=INVARIANTS,
    reports=REPORTS,
    alerts=alerts,
    notes=notes,
    says={"enabled": "text"},
)
