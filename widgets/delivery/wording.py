"""Days as people say them."""

from datetime import date

from plugin.language import Language


def span(language: Language, earliest: date, latest: date) -> str:
    """Return one day or two: ``Di., 24. Nov.``; ``Di., 24. Nov. bis Do., 26. Nov.``."""
    if earliest == latest:
        return language.weekday(latest)
    return language.gettext(
        "%(first)s to %(last)s", first=language.weekday(earliest), last=language.weekday(latest)
    )
