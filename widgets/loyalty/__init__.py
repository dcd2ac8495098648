"""Points for orders: a balance, what is on its way, and every entry in words."""

from datetime import datetime

from sqlalchemy import Connection

from plugin.setting_input import sentence
from widgets.base import Route, Seal, Subject, Surface, Widget
from widgets.loyalty import expiry_notices, mirror, tags
from widgets.loyalty.effects import on_merge, on_orders
from widgets.loyalty.figures import figures
from widgets.loyalty.invariants import INVARIANTS
from widgets.loyalty.jobs import JOBS
from widgets.loyalty.notes import notes, worth
from widgets.loyalty.processing import PROCESSING
from widgets.loyalty.products import TASKS
from widgets.loyalty.redeem import redeem
from widgets.loyalty.redemption_invariants import REDEMPTION_INVARIANTS
from widgets.loyalty.reward_tasks import REWARD_TASKS
from widgets.loyalty.settings import LoyaltySettings
from widgets.loyalty.statement import STATEMENT
from widgets.loyalty.view import view


def recall(conn: Connection, subject: Subject, seal: Seal, now: datetime) -> None:
    """Ask for the deletion of all that Shopify holds of a person's points: the balance and the tier's tag."""
    mirror.recall(conn, subject, seal, now)
    tags.recall(conn, subject, seal, now)


widget = Widget(
    name="loyalty",
    title=sentence("Points"),
    surfaces=frozenset({Surface.STOREFRONT, Surface.THANK_YOU, Surface.ORDER_STATUS, Surface.ACCOUNT}),
    settings=LoyaltySettings,
    view=view,
    actions=(Route("/redeem", redeem),),
    pages=(STATEMENT,),
    effects={"orders": on_orders},
    on_merge=on_merge,
    on_change={"loyalty": tags.on_change, "shop": tags.on_change},
    tasks={**TASKS, **REWARD_TASKS, **mirror.TASKS, **expiry_notices.TASKS, **tags.TASKS},
    jobs=(*JOBS, *mirror.JOBS, *expiry_notices.JOBS, *tags.JOBS),
    processing=PROCESSING,
    recall=recall,
    invariants=(*INVARIANTS, *REDEMPTION_INVARIANTS),
    figures=figures,
    says={"basis": "text", "points_per_unit": "text", "pending_days": "text"},
    notes=notes,
    worth=worth,
)
