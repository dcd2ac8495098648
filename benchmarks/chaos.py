"""The program under fault for as long as you like: ``python -m benchmarks.chaos --minutes 20 --seed 1``.

Each run has a seed of its own, counted up from the one given; a run that found something is printed with the ends of
all logs and told again by its seed. Ends with 1 when anything did not hold.
"""

import argparse
import sys
import time

from benchmarks.machine import words
from tests.chaos.run import Outcome, run

ORDERS, SECONDS, PATIENCE = 300, 60.0, 420.0
"""A run; a task whose worker was killed is taken over when its lease ends, and so long it waits for that."""


def main() -> int:
    """Run both homes in turns until the minutes are over."""
    asked = _arguments()
    end, seed, found = time.monotonic() + asked.minutes * 60, asked.seed, 0
    print(words(), flush=True)
    while time.monotonic() < end:
        for home in asked.home or ("sqlite", "postgresql"):
            outcome = run(
                home,
                seed,
                orders=asked.orders,
                seconds=asked.seconds,
                patience=PATIENCE,
                patient=asked.patient,
            )
            print(_line(home, seed, outcome), flush=True)
            found += len(outcome.breaches)
        seed += 1
    return int(found > 0)


def _line(home: str, seed: int, outcome: Outcome) -> str:
    broken = ", ".join(f"{name} {times}" for name, times in sorted(outcome.faults.items()))
    unanswered = ", ".join(f"{times} by {status or 'nothing'}" for status, times in outcome.troubles.items())
    told = (
        f"{home} seed {seed}: {outcome.accepted} accepted, {outcome.duplicates} duplicates, "
        f"other answers: {unanswered or 'none'}; {broken}; {outcome.starts} starts; "
        f"at rest after {outcome.drained:.1f} s; {len(outcome.breaches)} breaches"
    )
    return "\n".join([told, *outcome.breaches, outcome.said]) if outcome.breaches else told


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20, help="runs begin until then")
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--home", action="append", choices=("sqlite", "postgresql"), help="both without it")
    parser.add_argument("--orders", type=int, default=ORDERS, help="of a run")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of faults in a run")
    parser.add_argument("--patient", action="store_true", help="wait minutes for the tasks of the dead")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
