"""The app's pages inside the Shopify admin."""

from starlette.routing import BaseRoute, Route

from plugin.admin import (
    adjusting,
    assets,
    checklist,
    data_asked,
    duties,
    export,
    home,
    ledger,
    lookups,
    papers,
    parked,
    plan,
    plan_steps,
    reports,
    sections,
)
from plugin.admin.door import AdminDoor


def admin_routes() -> list[BaseRoute]:
    """Return the routes of all admin pages behind their one door, and of their style sheets and scripts.

    ``request.state["runtime"]`` is the opened ``Runtime``; the application renders ``Renew`` and ``Unproved``.
    """
    door = AdminDoor(
        [
            Route("/", home.home, methods=["GET"]),
            Route("/admin", home.home, methods=["GET"]),
            Route("/admin/next-steps", checklist.arrange, methods=["POST"]),
            Route("/admin/parked/{id}", parked.try_again, methods=["POST"]),
            Route("/admin/widgets/{name}", sections.page, methods=["GET"]),
            Route("/admin/widgets/{name}", sections.save, methods=["POST"]),
            Route("/admin/widgets/{name}/preview", sections.preview, methods=["POST"]),
            Route("/admin/widgets/{name}/rows/{list}", sections.row, methods=["GET"]),
            Route("/admin/widgets/{name}/lookups", lookups.read, methods=["GET"]),
            Route("/admin/widgets/{name}/lookups", lookups.again, methods=["POST"]),
            Route("/admin/widgets/{name}/reports", reports.page, methods=["GET"]),
            Route("/admin/widgets/{name}/reports/{report}", reports.file, methods=["GET"]),
            Route("/admin/shop", sections.page, methods=["GET"]),
            Route("/admin/shop", sections.save, methods=["POST"]),
            Route("/admin/shop/preview", sections.preview, methods=["POST"]),
            Route("/admin/shop/rows/{list}", sections.row, methods=["GET"]),
            Route("/admin/ledger", ledger.page, methods=["GET"]),
            Route("/admin/ledger/adjust", adjusting.correct, methods=["POST"]),
            Route("/admin/ledger/export", export.export, methods=["GET"]),
            Route("/admin/ledger/verify", ledger.check, methods=["POST"]),
            Route("/admin/plan", plan.page, methods=["GET"]),
            Route("/admin/plan/choose", plan_steps.choose, methods=["POST"]),
            Route("/admin/plan/cancel", plan_steps.cancel, methods=["POST"]),
            Route("/admin/plan/manage", plan_steps.manage, methods=["POST"]),
            Route("/admin/plan/resume", plan_steps.resume, methods=["POST"]),
            Route("/admin/privacy", duties.page, methods=["GET"]),
            Route("/admin/privacy/record", papers.record, methods=["GET"]),
            Route("/admin/privacy/policy/{voice}", papers.policy, methods=["GET"]),
            Route("/admin/privacy/requests/{id}", data_asked.finish, methods=["POST"]),
            Route("/admin/privacy/requests/{id}/{format}", data_asked.hand_out, methods=["GET"]),
        ]
    )
    return [
        Route("/", door),
        Route("/admin", door),
        Route("/admin/{path:path}", door),
        Route("/static/{version}/{name:path}", assets.asset, methods=["GET"]),
    ]
