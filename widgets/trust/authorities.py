"""Where somebody can complain about what a shop does with their data, by the shop's country."""

from collections.abc import Mapping
from dataclasses import dataclass

from plugin.language import sentence


@dataclass(frozen=True, slots=True)
class Authority:
    """Who is responsible, as a sentence, and their own page; ``name`` is the link's text, in their own language."""

    text: str
    name: str
    url: str


_STATE = sentence("You may also complain to the data protection authority of your federal state or of ours.")
_THE = sentence("You may also complain to the data protection authority.")
_ANY = sentence("You may also complain to the data protection authority where you live or where we are.")

BY_COUNTRY: Mapping[str, Authority] = {
    "DE": Authority(
        _STATE,
        "Datenschutzkonferenz",
        "https://www.datenschutzkonferenz-online.de/datenschutzaufsichtsbehoerden.html",
    ),
    "AT": Authority(_THE, "Datenschutzbehörde", "https://www.dsb.gv.at/"),
    "CH": Authority(_THE, "EDÖB", "https://www.edoeb.admin.ch/"),
    "GB": Authority(_THE, "Information Commissioner’s Office", "https://ico.org.uk/make-a-complaint/"),
}
ELSEWHERE = Authority(
    _ANY, "European Data Protection Board", "https://www.edpb.europa.eu/about-edpb/about-edpb/members_en"
)


def authority(country: str | None) -> Authority:
    """Return who is responsible for a shop of that country."""
    return BY_COUNTRY.get(country or "", ELSEWHERE)
