"""What a shop can be trusted for: seals that were looked up, who packs the parcels, and how to reach them."""

from plugin.language import sentence
from widgets.base import Surface, Widget
from widgets.trust import my_data, panel
from widgets.trust.alerts import alerts
from widgets.trust.checking import JOBS, TASKS, on_change
from widgets.trust.looking import LOOKUPS
from widgets.trust.noting import notes
from widgets.trust.rehearsing import rehearse
from widgets.trust.settings import TrustSettings
from widgets.trust.view import view

widget = Widget(
    name="trust",
    title=sentence("Trust"),
    surfaces=frozenset({Surface.STOREFRONT, Surface.THANK_YOU}),
    settings=TrustSettings,
    view=view,
    on_change={"trust": on_change},
    tasks=TASKS,
    jobs=JOBS,
    lookups=LOOKUPS,
    alerts=alerts,
    actions=(my_data.ERASE,),
    pages=(panel.PAGE, my_data.PAGE),
    says={"enabled": "text"},
    notes=notes,
    rehearse=rehearse,
)
