"""What waits for a larger plan among the settings: told, closed in the form, and refused when it is sent all the same."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic.fields import FieldInfo
from sqlalchemy import Connection

from plugin.admin.desk import Desk
from plugin.billing import standing
from plugin.billing.novelty import NEW, news
from plugin.billing.standing import Standing
from plugin.errors import Invalid
from plugin.language import Language
from plugin.setting_forms import FormField, FormRow
from plugin.setting_kinds import PLAIN, extra_of, shape, written
from plugin.setting_models import Item, Section
from plugin.settings import OnChange


@dataclass(frozen=True, slots=True)
class Waits:
    """``why`` in one sentence with plan and count, and by a field's own rule what stands beside its input."""

    why: str
    said: Mapping[str, str]


def over(language: Language, found: Standing) -> str:
    """Return the sentence that names the plan, the count and its month."""
    plan, verdict = found.held.plan, found.verdict
    if plan is None or plan.orders is None:
        return ""
    month = found.months[-2 if verdict.before else -1].first
    return language.gettext(
        "%(month)s: %(orders)s kept orders; your plan “%(plan)s” covers %(limit)s a month.",
        month=language.month(month),
        orders=language.number(verdict.orders),
        plan=language.gettext(plan.name),
        limit=language.number(plan.orders),
    )


def waits(conn: Connection, desk: Desk) -> Waits | None:
    """Return what waits in this shop; None while nothing does."""
    billing = desk.runtime.billing
    if not billing.can.needed:
        return None
    found = standing.read(conn, desk.shop, desk.now, needed=True)
    return _waits(desk.language, found) if found.verdict.waits else None


def _waits(language: Language, found: Standing) -> Waits:
    larger = found.larger
    values = {"plan": language.gettext(larger.name) if larger else ""}
    gettext = language.gettext
    said = {
        "entry": gettext("Another entry waits for the plan “%(plan)s”; those that are here go on.", **values),
        "more": gettext("Can be lowered; raising it waits for the plan “%(plan)s”.", **values),
        "later": gettext("An earlier day can be set; a later one waits for the plan “%(plan)s”.", **values),
        "less": gettext("Can be raised; lowering it waits for the plan “%(plan)s”.", **values),
        "other": gettext("Another choice waits for the plan “%(plan)s”.", **values),
        "first": gettext("Starting it waits for the plan “%(plan)s”.", **values),
    }
    return Waits(over(language, found), said)


def gate(desk: Desk) -> OnChange | None:
    """Return what refuses new campaigns and rules, beside each of them, where they wait; None where nobody pays."""
    billing = desk.runtime.billing
    if not billing.can.needed:
        return None

    def ask(conn: Connection, shop_id: int, before: Section, after: Section, now: datetime) -> None:
        places = list(news(before, after))
        if not places:
            return
        found = standing.keep(conn, desk.shop, now, billing.kind)
        if found.verdict.waits:
            why = desk.language.gettext(
                "New campaigns and rules wait. %(why)s", why=over(desk.language, found)
            )
            raise Invalid(why, fields=dict.fromkeys(places, why))

    return ask


def closed(
    fields: tuple[FormField, ...], value: Section | Item, waiting: Waits, currency: str
) -> tuple[FormField, ...]:
    """Return the fields with what waits closed: no greater number, no other choice and no further entry."""
    return tuple(_closed(field, value, waiting, currency) for field in fields)


def _closed(field: FormField, of: Section | Item, waiting: Waits, currency: str) -> FormField:
    name = field.name.rpartition(".")[2]
    info, value = type(of).model_fields[name], getattr(of, name)
    if field.kind == "rows":
        return _closed_rows(field, info, value, waiting, currency)
    rule = extra_of(info).get(NEW)
    if rule is None or field.off:
        return field
    if rule == "less" and not value:
        return replace(field, waits=waiting.said["first"], closed=True)
    if rule == "other":
        return replace(field, waits=waiting.said["other"])
    if field.kind not in PLAIN or field.kind == "text":
        return replace(field, waits=waiting.said["later" if field.kind == "date" else "other"])
    bound = written(field.kind, value, currency)
    if rule == "more":
        return replace(field, waits=waiting.said["more"], most=bound)
    least = field.least if field.least == "0" else bound  # 0 switches it off, which is always possible
    return replace(field, waits=waiting.said["less"], least=least)


def _closed_rows(
    field: FormField, info: FieldInfo, value: tuple[Item, ...], waiting: Waits, currency: str
) -> FormField:
    if shape(info).item is None:
        return field
    known = {getattr(one, "id", None): one for one in value}

    def inside(row: FormRow) -> FormRow:
        same = known.get(dict(row.hidden).get(f"{row.name}.id"))
        return row if same is None else replace(row, fields=closed(row.fields, same, waiting, currency))

    rows = tuple(inside(row) for row in field.rows)
    if extra_of(info).get(NEW) != "entry":
        return replace(field, rows=rows)
    return replace(field, rows=rows, waits=waiting.said["entry"], closed=True)
