"""The arithmetic of an order's points, as a shopper would reckon it, and what each entry is called."""

from datetime import UTC, datetime

import pytest

from plugin.core.breakdowns import Breakdown, Counted, decode, plain
from plugin.core.standing import EntryRead
from plugin.language import Language, language
from widgets.loyalty import widget
from widgets.loyalty.tiers import Tier
from widgets.loyalty.wording import breakdown_text, entry_text

PARTS = {
    "plain": Breakdown("EUR", 1_000, (Counted(4_990),)),
    "double": Breakdown("EUR", 1_000, (Counted(2_450, 2_000, "Doppelt"),)),
    "rate": Breakdown("EUR", 2_500, (Counted(2_450),)),
    "mixed": Breakdown("EUR", 1_000, (Counted(2_450, 1_500, "Küche"), Counted(2_500))),
    "all": Breakdown("EUR", 333, (Counted(2_450, 1_500, "Küche"), Counted(2_500))),
    "tier": Breakdown("EUR", 1_000, (Counted(2_450),), ("Gold", 2_000)),
    "both": Breakdown("EUR", 1_000, (Counted(1_000, 2_000, "Doppelt"), Counted(500)), ("Gold", 1_500)),
    "level": Breakdown("EUR", 1_000, (Counted(2_450),), ("Bronze", 1_000)),
    "yen": Breakdown("JPY", 10, (Counted(4_990),)),
}


def spoken(locale: str) -> Language:
    return language(locale, "sie", folder=widget.locales)


@pytest.mark.parametrize(
    ("which", "german", "english"),
    [
        ("double", "49 Punkte: 24,50 € × 2 (Doppelt)", "49 points: €24.50 × 2 (Doppelt)"),
        ("rate", "49 Punkte: 24,50 € × 2,5", "49 points: €24.50 × 2.5"),
        ("mixed", "49 Punkte: 24,50 € × 1,5 (Küche) + 25 €", "49 points: €24.50 × 1.5 (Küche) + €25"),
        (
            "all",
            "49 Punkte: (24,50 € × 1,5 (Küche) + 25 €) × 0,333",
            "49 points: (€24.50 × 1.5 (Küche) + €25) × 0.333",
        ),
        ("tier", "49 Punkte: 24,50 € × 2 (Gold)", "49 points: €24.50 × 2 (Gold)"),
        (
            "both",
            "49 Punkte: (10 € × 2 (Doppelt) + 5 €) × 1,5 (Gold)",
            "49 points: (€10 × 2 (Doppelt) + €5) × 1.5 (Gold)",
        ),
        ("yen", "49 Punkte: 4.990 ¥ × 0,01", "49 points: JP¥4,990 × 0.01"),
    ],
)
def test_it_says_what_was_multiplied_by_what(which: str, german: str, english: str) -> None:
    stored = PARTS[which].encode()
    assert (breakdown_text(spoken("de"), 49, stored) or "").replace("\xa0", " ") == german
    assert breakdown_text(spoken("en"), 49, stored) == english


def test_where_nothing_is_multiplied_nothing_is_said() -> None:
    assert breakdown_text(spoken("de"), 49, PARTS["plain"].encode()) is None
    assert breakdown_text(spoken("de"), 49, PARTS["level"].encode()) is None


def test_one_point_is_one() -> None:
    assert breakdown_text(spoken("en"), 1, PARTS["double"].encode()) == "1 point: €24.50 × 2 (Doppelt)"


@pytest.mark.parametrize("which", list(PARTS))
def test_what_was_written_is_read_again(which: str) -> None:
    assert decode(PARTS[which].encode()) == PARTS[which]


def test_the_plain_form_is_the_same_as_the_long_one() -> None:
    assert plain("EUR", 1_000, 4_990) == PARTS["plain"].encode()
    assert plain("EUR", 1_000, 0) == Breakdown("EUR", 1_000, ()).encode()


@pytest.mark.parametrize(
    ("kind", "points", "source", "german", "english"),
    [
        ("bonus", 20, "tier:gold", "Bonus für eine Stufe: Gold", "Bonus for a tier: Gold"),
        (
            "bonus",
            -20,
            "tier:gold",
            "Bonus für eine Stufe zurückgenommen: Gold",
            "Bonus for a tier taken back: Gold",
        ),
        ("bonus", 20, "tier:gone", "Bonus für eine Stufe", "Bonus for a tier"),
        ("redemption_reversal", 100, None, "Prämie zurückgegeben", "Reward given back"),
        ("redemption_reversal", -100, None, "Prämie doch genutzt", "Reward used after all"),
        ("adjustment", -5, None, "Von uns berichtigt", "Corrected by us"),
    ],
)
def test_what_takes_points_is_not_called_what_gives_them(
    kind: str, points: int, source: str | None, german: str, english: str
) -> None:
    entry = EntryRead(kind, points, datetime(2026, 7, 1, tzinfo=UTC), None, source=source)
    tiers = (Tier(id="silver", title="Silber", threshold=1), Tier(id="gold", title="Gold", threshold=2))
    assert entry_text(spoken("de"), entry, tiers) == german
    assert entry_text(spoken("en"), entry, tiers) == english
