"""How long `campaigner --help` takes, beside the interpreter's own start."""

import argparse
import subprocess
import sys
from collections.abc import Sequence

from benchmarks.report import PAIRS, Line, Result, median_pair, show, timed, usage

BUDGET = 0.25  # seconds
HELP = (sys.executable, "-m", "campaigner", "--help")
NOTHING = (sys.executable, "-c", "pass")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=2 * PAIRS + 1)
    pairs: int = parser.parse_args(arguments).pairs
    _run(HELP)  # compiles what was never compiled
    with usage() as used:
        ours, theirs, ratio = median_pair(
            lambda: timed(lambda: _run(HELP)), lambda: timed(lambda: _run(NOTHING)), pairs=pairs
        )
    show(
        [
            Line("campaigner --help", f"{ours:.3f} s", f"≤ {BUDGET} s"),
            Line("yardstick: python -c pass", f"{theirs:.3f} s"),
        ],
        Result(
            name="help",
            value=round(ours, 4),
            unit="s",
            yardstick=round(theirs, 4),
            ratio=round(ratio, 2),
            cpu_us_per_item=used.us_per_item(2 * pairs),
            peak_mb=used.peak_mb,
        ),
    )


def _run(command: tuple[str, ...]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
