"""What a merchant sees while typing a seal: a note beside the input, and the block as it would look once it holds."""

from datetime import UTC, date, datetime

from plugin.language import language
from tests.unit.admin.test_preview import SETTINGS, rehearsed
from widgets import ALL
from widgets.trust.noting import notes
from widgets.trust.settings import Seal, TrustSettings

NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
"""In Berlin it is the next day already."""

TRUSTED = Seal(
    issuer="trustedshops",
    seal_id="X6A4",
    verify_url="https://www.trustedshops.de/x",
    valid_until=date(2026, 11, 22),
)
OTHER = Seal(
    issuer="Siegelwerk",
    seal_id="SW-1",
    verify_url="https://siegelwerk.example/1",
    valid_until=date(2026, 11, 23),
    says="Geprüfter Laden",
)


def test_an_issuer_that_is_known_and_a_day_that_is_over_are_told_beside_the_input() -> None:
    spoken = language("en", "sie", folder=ALL["trust"].locales)
    assert notes(TrustSettings(seals=(OTHER, TRUSTED)), SETTINGS, spoken, NOW) == {
        "seals[1].issuer": "Known as Trusted Shops: the link must lead to their own pages.",
        "seals[1].valid_until": "This day is over: your customers do not see the seal.",
    }
    assert notes(TrustSettings(seals=(OTHER,)), SETTINGS, spoken, NOW) == {}


def test_a_preview_shows_seals_as_if_they_held_in_every_voice() -> None:
    scenes = rehearsed("trust", seals=(OTHER,)).scenes
    assert scenes
    for scene in scenes:
        assert scene.html is not None
        assert ("Geprüfter Laden, check" if scene.tag == "en" else "Geprüfter Laden, prüfen") in scene.html
