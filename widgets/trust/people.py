"""The people block: who packs the parcels, and how to reach them, as the merchant wrote it."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from plugin.language import Language
from widgets.trust.settings import TrustSettings

_NOT_DIALLED = re.compile(r"[^0-9+]")


@dataclass(frozen=True, slots=True)
class PersonView:
    """One of them; ``about`` is empty where nothing is said."""

    name: str
    about: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach them: its text and the link that takes it."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class PeopleView:
    """Finished texts; ``hours`` is empty where none are given, and a title where nothing stands below it."""

    title: str
    names: tuple[PersonView, ...]
    reach_title: str
    hours: str
    ways: tuple[Way, ...]


def people(settings: TrustSettings, language: Language) -> PeopleView | None:
    """Return who is there and how to reach them; None where the merchant says nothing."""
    names = tuple(PersonView(person.name, person.about) for person in settings.people)
    found = tuple(ways(settings))
    if not (names or settings.hours or found):
        return None
    return PeopleView(
        title=language.gettext("Who packs your parcel") if names else "",
        names=names,
        reach_title=language.gettext("How to reach us") if settings.hours or found else "",
        hours=settings.hours,
        ways=found,
    )


def ways(settings: TrustSettings) -> list[Way]:
    """Return how the merchant can be reached."""
    found = []
    if settings.email:
        found.append(Way(settings.email, f"mailto:{quote(settings.email, safe='@')}"))
    if settings.phone:
        found.append(Way(settings.phone, f"tel:{_NOT_DIALLED.sub('', settings.phone)}"))
    return found
