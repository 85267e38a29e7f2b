"""Each benchmark runs, and tells what it promised; how fast this machine is, is not tested."""

import json
from collections.abc import Callable, Sequence

import pytest

from benchmarks import (
    compose,
    delivery,
    freezing,
    help,
    import_subscribers,
    punctuality,
    scheduling,
)
from benchmarks.report import median_pair, quantile

KEYS = ["name", "value", "unit", "yardstick", "ratio", "cpu_us_per_item", "peak_mb"]
Main = Callable[[Sequence[str]], None]


@pytest.mark.parametrize(
    ("main", "arguments", "name"),
    [
        (scheduling.main, "--items 5 --years 1", "scheduling"),
        (help.main, "--pairs 1", "help"),
        (compose.main, "--mails 20 --pairs 1", "compose"),
        (delivery.main, "--posts 5 --pairs 1", "delivery-sqlite"),
        (freezing.main, "--readers 30 --range 20 --pairs 1", "freezing-sqlite"),
        (import_subscribers.main, "--rows 20 --pairs 1", "import-sqlite"),
        (
            punctuality.main,
            "--queued 20 --posts 4 --lead 0 --seconds 0.1 --idle 0.1",
            "punctuality-sqlite",
        ),
    ],
    ids=["scheduling", "help", "compose", "delivery", "freezing", "import", "punctuality"],
)
def test_its_last_line_is_the_figure_as_json(
    main: Main, arguments: str, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    main(arguments.split())
    last = capfd.readouterr().out.splitlines()[-1]
    told = json.loads(last)
    assert list(told)[: len(KEYS)] == KEYS
    assert told["name"] == name
    assert told["value"] > 0
    assert told["ratio"] > 0


def test_a_ratio_is_taken_within_its_pair() -> None:
    ours, theirs = iter([10.0, 40.0, 30.0]), iter([10.0, 20.0, 60.0])
    assert median_pair(lambda: next(ours), lambda: next(theirs), pairs=3) == (30.0, 20.0, 1.0)


def test_a_quantile_is_a_value_that_was_seen() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert [quantile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1.0, 50.0, 99.0, 100.0]
    assert quantile([7.0], 0.99) == 7.0
