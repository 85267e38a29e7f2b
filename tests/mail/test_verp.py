"""Return paths: made of a token, and read again whatever servers did to them."""

import pytest

from campaigner.core.tokens import Keyring, Purpose, read, sign
from campaigner.mail.verp import return_path, token_of

RING = Keyring((b"k" * 32,))
TOKEN = sign(RING, Purpose.BOUNCE, 123_456_789)
LOCAL = f"b-{TOKEN}"


def test_a_return_path_is_31_octets_and_a_domain_in_ascii() -> None:
    assert return_path(TOKEN, "señal.example") == f"{LOCAL}@xn--seal-hqa.example"
    assert len(LOCAL) == 31


@pytest.mark.parametrize(
    "address",
    [
        f"{LOCAL}@return.example.org",
        f" <{LOCAL}@return.example.org> ",
        LOCAL,
        LOCAL.upper() + "@RETURN.EXAMPLE.ORG",
        f'"{LOCAL}"@return.example.org',
        f"{LOCAL}+extra@return.example.org",
        f"{LOCAL}=reader.example@return.example.org",
        f"prvs=1234abcdef={LOCAL}@return.example.org",
        f"prvs={LOCAL}/1234abcdef@return.example.org",
        f"btv1==07964c4ba4c=={LOCAL}@return.example.org",
        f"msprvs1=17712qmJ3Fz3e={LOCAL}@return.example.org",
        f"SRS0=HHHH=TT=return.example.org={LOCAL}@forwarder.example",
        f"SRS0+HHHH=TT=return.example.org={LOCAL}@forwarder.example",
        f"srs0=hhhh=tt=return.example.org={LOCAL}@forwarder.example",
        f"SRS1=GGGG=forwarder.example==HHHH=TT=return.example.org={LOCAL}@second.example",
        f"SRS1=GGGG=forwarder.example=+HHHH=TT=return.example.org={LOCAL}@second.example",
        f"prvs=1234abcdef=SRS0=HHHH=TT=return.example.org={LOCAL}@forwarder.example",
    ],
)
def test_a_token_is_found_in_other_clothes(address: str) -> None:
    token = token_of(address)
    assert token == TOKEN
    assert read(RING, Purpose.BOUNCE, token) == 123_456_789


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        "someone@example.org",
        f"{TOKEN}@example.org",
        f"x{LOCAL}@example.org",
        f"{LOCAL}x@example.org",
        f"b-{TOKEN[:-1]}1@example.org",
        f"b-{TOKEN[:-1]}@example.org",
        "SRS0=HHHH=TT=example.org=someone@forwarder.example",
        "prvs=" * 50 + LOCAL,
    ],
)
def test_what_holds_no_token_says_so(address: str) -> None:
    assert token_of(address) is None
