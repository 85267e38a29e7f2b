import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigner.core.tokens import (
    LENGTH,
    Keyring,
    Purpose,
    bounce_local,
    hash_of,
    hashes_of,
    read,
    sign,
)

OLD, NEW = Keyring((b"a" * 32,)), Keyring((b"b" * 32, b"a" * 32))
NUMBERS = st.integers(min_value=0, max_value=2**63 - 1)


@given(NUMBERS, st.sampled_from(Purpose))
def test_a_token_tells_its_number_for_its_purpose_alone(number: int, purpose: Purpose) -> None:
    token = sign(OLD, purpose, number)
    assert len(token) == LENGTH
    assert [each for each in Purpose if read(OLD, each, token) is not None] == [purpose]
    assert read(OLD, purpose, token) == number


@given(NUMBERS, st.integers(min_value=0, max_value=LENGTH - 1), st.sampled_from("abcdefghij234567"))
def test_a_token_with_a_letter_changed_is_none(number: int, place: int, letter: str) -> None:
    token = sign(OLD, Purpose.UNSUBSCRIBE, number)
    other = token[:place] + letter + token[place + 1 :]
    found = read(OLD, Purpose.UNSUBSCRIBE, other)
    # The last letter carries one bit that is not used.
    assert found == (
        number if other == token or (place == LENGTH - 1 and found is not None) else None
    )


@pytest.mark.parametrize("token", ["", "a", "!" * 29, "a" * 28, "a" * 30, "ä" * 29, "a" * 29])
def test_what_is_no_token_is_none(token: str) -> None:
    assert read(OLD, Purpose.UNSUBSCRIBE, token) is None


def test_a_token_in_upper_case_is_read() -> None:
    assert read(OLD, Purpose.BOUNCE, sign(OLD, Purpose.BOUNCE, 77).upper()) == 77


def test_an_old_key_still_reads_what_it_signed_and_does_not_read_what_came_later() -> None:
    assert read(NEW, Purpose.UNSUBSCRIBE, sign(OLD, Purpose.UNSUBSCRIBE, 5)) == 5
    assert read(OLD, Purpose.UNSUBSCRIBE, sign(NEW, Purpose.UNSUBSCRIBE, 5)) is None


def test_the_local_part_of_a_return_path_has_31_octets() -> None:
    assert len(bounce_local(sign(OLD, Purpose.BOUNCE, 2**63 - 1))) == 31


def test_a_mailbox_is_found_under_every_key_that_ever_was() -> None:
    assert hash_of(OLD, "ana@example.org") in hashes_of(NEW, "ana@example.org")
    assert hash_of(OLD, "ana@example.org") != hash_of(NEW, "ana@example.org")
    assert "ana" not in hash_of(OLD, "ana@example.org")


@pytest.mark.parametrize("keys", [(), (b"short",)])
def test_a_keyring_without_a_whole_key_is_refused(keys: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring(keys)


def test_a_keyring_does_not_show_its_keys() -> None:
    assert "aaaa" not in repr(OLD)
