"""An account as a list: what its mails say, and which keys sign them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from campaigner.core.tokens import Keyring, Purpose, read
from campaigner.errors import UserError
from campaigner.mail.dkim import Signer, new_key
from campaigner.mail.lists import head_of, return_domain, signers_of, slots_of
from campaigner.settings import AccountSettings

RSA, ED = new_key(), new_key(ed=True)


def account(**changes: Any) -> AccountSettings:
    values = {
        "channel": "email",
        "title": "ICANN LAC",
        "locales": ("en",),
        "sender": "ICANN LAC <digest@mail.example.org>",
    }
    return AccountSettings.model_validate(values | changes)


def signers(keys: Mapping[str, str], *dkim: Mapping[str, str]) -> tuple[Signer, ...]:
    return signers_of(account(dkim=dkim), name="digest", secret=lambda name: keys.get(name, ""))


def test_with_a_public_address_a_list_has_its_pages() -> None:
    head = head_of(
        account(reply_to="LAC <lac@example.org>"),
        name="digest",
        public_url="https://news.example.org",
        subject="News",
        date=datetime(2026, 1, 1, tzinfo=UTC),
        language="en",
    )
    assert (head.sender.name, head.sender.address) == ("ICANN LAC", "digest@mail.example.org")
    assert head.list_id == "digest.mail.example.org"
    assert head.unsubscribe_base == "https://news.example.org/u"
    assert head.preferences_base == "https://news.example.org/p"
    assert head.archive == "https://news.example.org/archive"
    assert head.subscribe == "https://news.example.org/subscribe/digest"
    assert head.reply_to == head.owner == head.unsubscribe_to == "lac@example.org"


def test_without_one_readers_leave_by_mail() -> None:
    head = head_of(
        account(unsubscribe_to="leave@example.org"),
        name="digest",
        public_url="http://127.0.0.1:8700",
        subject="News",
        date=datetime(2026, 1, 1, tzinfo=UTC),
        language="en",
    )
    assert head.unsubscribe_to == "leave@example.org"
    pages = (head.unsubscribe_base, head.preferences_base, head.archive, head.subscribe)
    assert pages == ("", "", "", "")


def test_tokens_are_of_the_delivery_each_for_its_purpose() -> None:
    ring = Keyring((b"k" * 32,))
    slots = slots_of(ring, 7, name="Ana", address="ana@example.net")
    assert read(ring, Purpose.MESSAGE, slots.key) == 7
    assert read(ring, Purpose.UNSUBSCRIBE, slots.unsubscribe) == 7
    assert read(ring, Purpose.PREFERENCES, slots.preferences) == 7
    assert read(ring, Purpose.UNSUBSCRIBE, slots.key) is None


def test_bounces_come_back_to_the_senders_domain_unless_said() -> None:
    assert return_domain(account()) == "mail.example.org"
    assert return_domain(account(return_path="señal.example")) == "xn--seal-hqa.example"


def test_rsa_signs_first_whatever_the_order_in_the_file() -> None:
    found = signers(
        {"dkim_ed": ED, "dkim_main": RSA},
        {"selector": "ed"},
        {"selector": "main", "domain": "example.org"},
    )
    assert [(each.selector, each.domain, each.algorithm) for each in found] == [
        ("main", "example.org", "rsa-sha256"),
        ("ed", "mail.example.org", "ed25519-sha256"),
    ]
    assert signers({}) == ()


@pytest.mark.parametrize(
    ("keys", "dkim", "fault"),
    [
        ({}, {"selector": "a"}, "its private key is missing"),
        ({"dkim_a": "x"}, {"selector": "a"}, "'a': this is no private key in PEM form"),
        ({"dkim_a": ED}, {"selector": "a"}, "signs with Ed25519 alone"),
        ({"dkim_a": RSA}, {"selector": "a", "domain": "other.example"}, "would trust it"),
    ],
)
def test_what_would_not_be_trusted_is_refused(
    keys: dict[str, str], dkim: dict[str, str], fault: str
) -> None:
    with pytest.raises(UserError, match=fault):
        signers(keys, dkim)
