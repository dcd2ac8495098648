"""Words about the environment or donations: they need proof that everybody can look up (EU directive 2024/825)."""

import re

_CLAIMS = re.compile(
    r"umwelt|klima|co[2₂]|nachhaltig|ökolog|\böko|\bgrün|emission|recycl|kompostier|biologisch|biobas|plastikfrei"
    r"|\bb[aä]um(e|en)?\b|aufforst|\bspende|gespendet|wohltätig|gemeinnützig"
    r"|environment|\beco\b|\beco-|ecolog|\bgreen|sustainab|climate|carbon|compostabl|biodegrad|plastic[ -]free"
    r"|\btrees?\b|\bdonat|\bcharit",
    re.IGNORECASE,
)


def needs_proof(*texts: str) -> bool:
    """Tell whether one of these texts says something about the environment or donations."""
    return any(_CLAIMS.search(text) for text in texts)
