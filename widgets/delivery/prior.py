"""What is believed of handling and transit before anything was learned."""

from functools import lru_cache

from widgets.delivery.survival import PSEUDO, Curve

SAID = 0.95
"""How often a range named by a merchant is believed to hold."""

_TAIL = (0.5, 0.75, 0.875, 0.95)
"""How much of what is not there in time has arrived one, two, three, four days later; the rest is never believed to."""

GERMANY = "DE"
_GERMAN = Curve((0.0, 0.80, 0.95, 0.98, 0.99, 0.995), PSEUDO, (0.0,) * 5 + (0.005,))
"""The Federal Network Agency's measurement of July 2021 to June 2022: 80 of 100 parcels come on the next working day,
more than 95 by the second."""


@lru_cache(4096)
def ranged(least: int, most: int) -> Curve:
    """Return the curve of a range of days: evenly spread over it, with a short tail."""
    steps = most - least + 1
    rising = [SAID * (age - least + 1) / steps if age >= least else 0.0 for age in range(most + 1)]
    chances = (*rising, *(SAID + (1 - SAID) * share for share in _TAIL))
    lost = (0.0,) * (len(chances) - 1) + (1 - chances[-1],)
    return Curve(chances, PSEUDO, lost)


def travelling(origin: str, country: str, least: int, most: int) -> Curve:
    """Return the curve of transit on a lane of that range of days."""
    return _GERMAN if origin == country == GERMANY else ranged(least, most)
