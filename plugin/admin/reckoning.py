"""How an order's points come about, as a merchant would reckon it: what was kept, times what, rounded down once."""

from decimal import Decimal

from plugin.admin.desk import Desk
from plugin.admin.statement import Earned
from plugin.core import breakdowns
from plugin.core.breakdowns import Breakdown, Counted
from plugin.core.campaigns import ONCE
from plugin.language import Language


def reckoned(desk: Desk, earned: Earned) -> str:
    """Return the whole sum in one line, with the version of the rule."""
    language = desk.language
    points, rule = language.number(earned.points), earned.rule_version
    found = breakdowns.decode(earned.breakdown) if earned.breakdown else None
    if found is None:
        return language.gettext("%(points)s points (rule %(rule)s)", points=points, rule=rule)
    facts = {
        "kept": language.money(earned.kept, found.currency),
        "rate": language.number(Decimal(found.rate) / ONCE),
        "tier": _tier(language, found),
        "points": points,
        "rule": rule,
    }
    if all(part.multiplier == ONCE for part in found.parts):
        return language.gettext(
            "%(kept)s kept × %(rate)s a unit%(tier)s, rounded down = %(points)s points (rule %(rule)s)",
            **facts,
        )
    return language.gettext(
        "%(kept)s kept, counted as %(parts)s; × %(rate)s a unit%(tier)s, rounded down = %(points)s points (rule %(rule)s)",
        **facts,
        parts=_parts(language, found),
    )


def _tier(language: Language, found: Breakdown) -> str:
    if found.tier is None or found.tier[1] == ONCE:
        return ""
    title, multiplier = found.tier
    return f" × {language.number(Decimal(multiplier) / ONCE)} ({title})"


def _parts(language: Language, found: Breakdown) -> str:
    return " + ".join(_part(language, found.currency, part) for part in found.parts)


def _part(language: Language, currency: str, part: Counted) -> str:
    amount = language.money(part.amount, currency)
    if part.multiplier == ONCE:
        return amount
    times = f"{amount} × {language.number(Decimal(part.multiplier) / ONCE)}"
    return f"{times} ({part.title})" if part.title else times
