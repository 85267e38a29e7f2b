"""What a post costs, as its network's price list says."""

from decimal import Decimal

import pytest

from campaigner.core.cost import cost_of, in_dollars, total


@pytest.mark.parametrize(
    ("channel", "text", "expected"),
    [
        ("x", "DNSSEC in a minute", "0.015"),
        ("x", "DNSSEC in a minute: https://www.icann.org/dnssec", "0.200"),
        ("x", "see icann.org", "0.200"),  # X makes a link of it, whoever wrote it
        ("x", "lac@icann.org is an address, 3.14 is none", "0.015"),
        ("x", "", "0"),
        ("mastodon", "https://www.icann.org/dnssec", "0"),
        ("email", "https://www.icann.org/dnssec", "0"),
        ("manual", "https://www.icann.org/dnssec", "0"),
    ],
)
def test_a_post_costs_what_its_network_charges(channel: str, text: str, expected: str) -> None:
    assert cost_of(channel, text) == Decimal(expected)


def test_costs_add_up_without_rounding() -> None:
    assert total(cost_of("x", "a") for _ in range(200)) == Decimal("3")
    assert total([]) == 0


def test_an_amount_is_written_to_the_tenth_of_a_cent() -> None:
    assert [in_dollars(Decimal(each)) for each in ("0.015", "0.2", "1.6", "0")] == [
        "$0.015",
        "$0.200",
        "$1.600",
        "free",
    ]
