"""In which dress a page is looked at: theme, language, light or dark, width."""

from dataclasses import dataclass
from itertools import product

THEMES = ("light", "dark", "loud")
LOCALES = ("de", "en")
SCHEMES = ("light", "dark")
WIDTHS = (1280, 390, 320)
HEIGHTS = {1280: 900, 390: 844, 320: 640}


@dataclass(frozen=True)
class Look:
    """One browser's dress, and the widths at which it takes its pictures."""

    theme: str
    locale: str
    scheme: str
    widths: tuple[int, ...]

    @property
    def name(self) -> str:
        """What the pictures' names say of it."""
        return f"{self.theme}-{self.locale}-{self.scheme}"


def of_the_shop(*, every: bool) -> list[Look]:
    """Each theme in each language; each width with every theme and in both languages, or ``every`` width of all."""
    pairs = enumerate(product(THEMES, LOCALES))
    return [
        Look(theme, locale, SCHEMES[LOCALES.index(locale)], WIDTHS if every else _widths(number))
        for number, (theme, locale) in pairs
    ]


def of_the_admin(*, every: bool) -> list[Look]:
    """Light and dark in each language; the shop's theme has no say there."""
    pairs = enumerate(product(SCHEMES, LOCALES))
    return [
        Look("light", locale, scheme, WIDTHS if every else _widths(number))
        for number, (scheme, locale) in pairs
    ]


def _widths(number: int) -> tuple[int, ...]:
    return (WIDTHS[2 * number % 3],)
