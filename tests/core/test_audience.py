import pytest

from campaigner.core.audience import mailbox_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("user@bücher.de", "user@xn--bcher-kva.de"),
        ("info5@普遍接受-测试。世界", "info5@普遍接受-测试.世界"),
        ("Ana@Example.ORG", "ana@example.org"),
        ("pele\u0301@exemple.com", "pelé@exemple.com"),
        ("USER@BÜCHER.DE", "user@bücher.de"),
    ],
)
def test_two_ways_to_write_a_mailbox_are_one(one: str, other: str) -> None:
    assert mailbox_of(one) == mailbox_of(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ana+dns@example.org", "ana@example.org"), ("straße@a.de", "strasse@a.de")]
)
def test_different_mailboxes_stay_two(one: str, other: str) -> None:
    assert mailbox_of(one) != mailbox_of(other)


@pytest.mark.parametrize(
    "address",
    [
        "二ノ宮@黒川.日本",
        "медведь@с-балалайкой.рф",
        "ñandú@universidad.es",
        "अजय@डाटा.भारत",
        "o'neil@a.ie",
    ],
)
def test_an_international_address_works_like_any(address: str) -> None:
    local, _, domain = mailbox_of(address).partition("@")
    assert local == address.partition("@")[0]
    assert domain.isascii()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", "no @"),
        ("nobody", "no @"),
        ("server-dev@", "nothing after"),
        ("@example.org", "nothing before"),
        ("foo bar@example.com", "before the @ is not possible"),
        ("a..b@example.com", "before the @ is not possible"),
        (".a@example.com", "before the @ is not possible"),
        ("a\nb@example.com", "before the @ is not possible"),
        ('"quoted local"@example.com', "before the @ is not possible"),
        ("a@b@example.com", "before the @ is not possible"),
        ("x" * 65 + "@example.com", "longer than 64"),
        ("a@" + "x" * 300 + ".com", "longer than 254"),
        ("server-dev@james. apache.org", "after the @ is not possible"),
        ("a@-bad.org", "after the @ is not possible"),
        ("a@localhost", "not a domain"),
        ("a@[192.0.2.1]", "after the @ is not possible"),
        ("a@192.0.2.1", "not a domain"),
    ],
)
def test_what_is_no_address_is_refused_with_a_reason(address: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        mailbox_of(address)
