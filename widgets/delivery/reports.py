"""What the merchant reads of their promises: kept by lane and by month, stated against kept, and who waits too long."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import Connection

from plugin.language import Language, sentence
from widgets.delivery import estimates, tally
from widgets.delivery.keeping import ENOUGH, KNOWN_AFTER, LONG
from widgets.delivery.settings import DeliverySettings
from widgets.delivery.tally import Tally, Told
from widgets.delivery.waiting import waiting
from widgets.reports import Cell, Column, Fact, Plot, Point, Reading, Report, Sheet, number, words

YEAR = timedelta(days=365)
LEAST = 50
"""Percent at which the plot begins while nothing lies below."""
EDGES = (0, 70, 80, 85, 90, 95)
"""Chances in percent at which the plot's groups begin."""


def read_waiting(conn: Connection, reading: Reading[DeliverySettings]) -> Sheet:
    """Return the orders whose day is over, each one tap away from Shopify's own page of it."""
    language, today = reading.language, _today(reading)
    rows = [
        (
            Cell(str(row.order_id), str(row.order_id), f"shopify:admin/orders/{row.order_id}"),
            words(lane_name(language, row.lane), row.lane),
            words(language.long_date(row.latest), row.latest.isoformat()),
            number(language, max(0, (today - row.latest).days)),
            words(language.gettext(_stands(row.handed_over_on, ended=row.ended))),
        )
        for row in waiting(conn, reading.shop_id, today)
    ]
    return Sheet(
        columns=(
            Column(language.gettext("Order"), figure=False),
            Column(language.gettext("Lane"), figure=False),
            Column(language.gettext("Promised until"), figure=False),
            Column(language.gettext("Days over")),
            Column(language.gettext("What is known"), figure=False),
        ),
        rows=tuple(rows),
        notes=(
            language.gettext(
                "Their shoppers already read an apology on the order's page. A personal word goes further."
            ),
        )
        if rows
        else (),
        empty=language.gettext("Nobody waits beyond their promised day."),
    )


def _stands(handed_over_on: date | None, *, ended: bool) -> str:
    if ended:
        return sentence("lost or on its way back")
    return sentence("not handed over yet") if handed_over_on is None else sentence("on its way")


def read_lanes(conn: Connection, reading: Reading[DeliverySettings]) -> Sheet:
    """Return how often each lane kept its promise lately, the worst first by what is certain of it."""
    language = reading.language
    lanes: dict[str, Tally] = defaultdict(Tally)
    for (lane, _), found in _counted(conn, reading, LONG).items():
        lanes[lane] = lanes[lane].plus(found)
    judged = {lane: found for lane, found in lanes.items() if found.judged}
    ranked: list[tuple[Fraction, str]] = sorted((found.range[1], lane) for lane, found in judged.items())
    worst = [lane for _, lane in ranked]
    everything = tally.together(lanes.values())
    return Sheet(
        columns=_columns(language, language.gettext("Lane")),
        rows=tuple(
            (words(lane_name(language, lane), lane), *_figures(language, judged[lane])) for lane in worst
        ),
        total=(words(language.gettext("All")), *_figures(language, everything)) if len(worst) > 1 else (),
        facts=_facts(reading, everything) if everything.judged else (),
        notes=(
            language.gettext(
                "The first promise counts, of the last 90 days; whoever never hears from a carrier is left out."
            ),
        )
        if worst
        else (),
        empty=language.gettext("Once a promised day is three days past, it stands here whether it was kept."),
    )


def read_months(conn: Connection, reading: Reading[DeliverySettings]) -> Sheet:
    """Return how often promises were kept, month by month of the last year, newest first."""
    language = reading.language
    months: dict[date, Tally] = defaultdict(Tally)
    for (_, latest), found in _counted(conn, reading, YEAR).items():
        months[latest.replace(day=1)] = months[latest.replace(day=1)].plus(found)
    rows = [
        (words(language.month(month), f"{month:%Y-%m}"), *_figures(language, months[month]))
        for month in sorted(months, reverse=True)
        if months[month].judged
    ]
    return Sheet(
        columns=_columns(language, language.gettext("Month")),
        rows=tuple(rows),
        empty=language.gettext("No promised day is three days past yet."),
    )


def read_calibration(conn: Connection, reading: Reading[DeliverySettings]) -> Sheet:
    """Return the stated chance against what was kept, as a plot and in numbers."""
    language, today = reading.language, _today(reading)
    told = list(tally.by_chance(conn, reading.shop_id, today - LONG, today - KNOWN_AFTER, EDGES))
    least = 0 if any(min(one.stated, float(100 * one.tally.range[0])) < LEAST for one in told) else LEAST
    return Sheet(
        columns=(
            Column(language.gettext("Stated"), unit="%"),
            *_columns(language, "")[1:],
        ),
        rows=tuple(
            (_percent(language, Fraction(one.stated) / 100), *_figures(language, one.tally)) for one in told
        ),
        plot=_plot(language, told, least) if told else None,
        notes=(
            *(
                language.gettext(
                    "On the dashed line a date is kept exactly as often as was said; above it, more often. The bars show how far chance alone reaches."
                )
                for _ in told[:1]
            ),
            *_age(conn, reading),
        ),
        empty=language.gettext(
            "Chances are stated once enough parcels have taught them; then what came true stands beside them here."
        ),
    )


def _age(conn: Connection, reading: Reading[DeliverySettings]) -> Iterator[str]:
    """Say up to when parcels have taught what is promised now, and whether that is too long ago."""
    learned, language = estimates.current(conn, reading.shop_id), reading.language
    if learned is None:
        return
    day = language.long_date(learned.data_until)
    if learned.is_fresh(reading.now):
        yield language.gettext("Learned from what parcels had told by %(day)s.", day=day)
    else:
        yield language.gettext(
            "The estimate ends on %(day)s and is too old: until it is renewed, the lanes' own times are promised.",
            day=day,
        )


def lane_name(language: Language, key: str) -> str:
    """Return a lane of the book in words: ``DE|DHL`` is Germany, DHL."""
    country, _, carrier = key.partition("|")
    place = language.gettext("other countries") if country == "*" else language.country(country)
    return f"{place}, {carrier}" if carrier else place


def _counted(
    conn: Connection, reading: Reading[DeliverySettings], back: timedelta
) -> dict[tuple[str, date], Tally]:
    today = _today(reading)
    return dict(tally.by_lane(conn, reading.shop_id, today - back, today - KNOWN_AFTER))


def _today(reading: Reading[DeliverySettings]) -> date:
    return reading.now.astimezone(reading.shop.zone).date()


def _columns(language: Language, first: str) -> tuple[Column, ...]:
    return (
        Column(first, figure=False),
        Column(language.gettext("Promises")),
        Column(language.gettext("Kept")),
        Column(language.gettext("Share kept"), unit="%"),
        Column(language.gettext("Between"), figure=False),
    )


def _figures(language: Language, found: Tally) -> tuple[Cell, ...]:
    low, high = (_percent(language, share) for share in found.range)
    return (
        number(language, found.judged),
        number(language, found.kept),
        _percent(language, found.share),
        words(
            language.gettext("%(low)s and %(high)s", low=low.text, high=high.text),
            f"{low.value}-{high.value}",
        ),
    )


def _percent(language: Language, share: Fraction) -> Cell:
    value = (Decimal(share.numerator) / Decimal(share.denominator) * 100).quantize(Decimal("0.1"))
    return Cell(language.percent(value), value)


def _facts(reading: Reading[DeliverySettings], found: Tally) -> tuple[Fact, ...]:
    language, all_of_them = reading.language, found.judged + found.untold
    told = (
        language.gettext("Shoppers read it.")
        if found.judged >= ENOUGH
        else language.gettext("Shoppers read it from %(enough)s promises on.", enough=language.number(ENOUGH))
    )
    return (
        Fact(language.gettext("Kept in 90 days"), _percent(language, found.share).text, told),
        Fact(
            language.gettext("Before the first day"),
            _percent(language, Fraction(found.early, found.judged)).text,
            language.gettext("Early is kept as well."),
        ),
        Fact(
            language.gettext("Without a word from the carrier"),
            _percent(language, Fraction(found.untold, all_of_them)).text,
            language.gettext("Of all promises; they count neither way."),
        ),
    )


def _plot(language: Language, told: list[Told], least: int) -> Plot:
    points = tuple(
        Point(
            one.stated,
            float(100 * one.tally.share),
            max(least, float(100 * one.tally.range[0])),
            float(100 * one.tally.range[1]),
        )
        for one in told
    )
    said = "; ".join(
        language.gettext(
            "stated %(stated)s, kept %(kept)s",
            stated=_percent(language, Fraction(one.stated) / 100).text,
            kept=_percent(language, one.tally.share).text,
        )
        for one in told
    )
    return Plot(
        said, language.gettext("stated, in percent"), language.gettext("kept, in percent"), points, least
    )


REPORTS = (
    Report("late", sentence("Orders that wait beyond their day"), read_waiting, names_orders=True),
    Report("lanes", sentence("Kept by lane"), read_lanes),
    Report("months", sentence("Kept by month"), read_months),
    Report("calibration", sentence("Stated and kept"), read_calibration),
)
