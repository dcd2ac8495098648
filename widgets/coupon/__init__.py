"""A discount code for the next order, for every buyer: once an order, from a pool minted ahead of time."""

from plugin.language import sentence
from widgets.base import Surface, Widget
from widgets.coupon import mails
from widgets.coupon.alerts import alerts
from widgets.coupon.asking import on_merge
from widgets.coupon.effects import on_orders
from widgets.coupon.exposure import AT_RISK
from widgets.coupon.figures import figures
from widgets.coupon.invariants import INVARIANTS
from widgets.coupon.jobs import JOBS
from widgets.coupon.levels import gauges
from widgets.coupon.months import MONTHLY
from widgets.coupon.preparing import on_change, on_shop_change, prepare
from widgets.coupon.printing import CARD
from widgets.coupon.privacy import PROCESSING
from widgets.coupon.rehearsing import rehearse
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tasks import TASKS
from widgets.coupon.view import view

widget = Widget(
    name="coupon",
    title=sentence("Coupon"),
    surfaces=frozenset({Surface.STOREFRONT, Surface.THANK_YOU, Surface.ORDER_STATUS, Surface.ACCOUNT}),
    settings=CouponSettings,
    view=view,
    pages=(CARD,),
    effects={"orders": on_orders},
    on_change={"coupon": on_change, "shop": on_shop_change},
    tasks={**TASKS, **mails.TASKS},
    jobs=(*JOBS, *mails.JOBS),
    on_install=prepare,
    on_merge=on_merge,
    rehearse=rehearse,
    processing=(mails.COPY, *PROCESSING),
    recall=mails.recall,
    invariants=INVARIANTS,
    figures=figures,
    reports=(AT_RISK, MONTHLY),
    alerts=alerts,
    gauges=gauges,
    says={"kind": "text", "value": "text", "valid_days": "note", "minimum_subtotal": "note"},
)
