"""Words about the environment or donations: they need proof that everybody can look up (EU directive 2024/825)."""

import re

_CLAIMS = re.compile(
    r"umwelt|klima|\bco\s?[2₂]|nachhaltig|ökolog|\böko|\bgrün|emission|recycl|kompostier|biologisch|biobas"
    r"|\bbio-|plastikfrei|ohne plastik|blauer engel|meeres?schutz|naturschutz|tierschutz|artenschutz|regenwald"
    r"|erneuerbar|\bb[aä]um(e|en)?\b|aufforst|\bspende|gespendet|wohltätig|gemeinnützig"
    r"|environment|\beco|ecolog|\bgreen|sustainab|climate|carbon|compostabl|biodegrad|plastic[ -]free|without plastic"
    r"|net[ -]zero|zero[ -]waste|renewable|fossil|organic\b|rainforest|\btrees?\b|\bdonat|\bcharit"
    r"|\bwwf\b|\bunicef\b|\bgreenpeace\b|\bnabu\b",
    re.IGNORECASE,
)


def needs_proof(*texts: str) -> bool:
    """Tell whether one of these texts says something about the environment or donations."""
    return any(_CLAIMS.search(text) for text in texts)
