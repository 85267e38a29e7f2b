"""Two opinions on how long a text is: the product's, and the sandbox's, which share no code.

What fits by our count is taken by the sandbox: so both have to say the same of
whatever people paste, and the sandbox's doors have to open and close at just that length.
"""

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from campaigner.core.counting import LIMITS, check, length
from campaigner.sandbox.counting import mastodon_length, x_length
from campaigner.sandbox.server import Sandbox

EMOJI = [
    *"👩👨🧑👦👧👶🎤🍳🚀⚕✈❤💋🏳🌈🏴☠👁🗨🤝🐕🦺🐻❄😮💨🐈⬛👯🤼🧞🏋⛹🕵☝✌⌚☺™©®♟♂♀⚧ℹ〰㊗🅰🇺🇾🇧🇷🇽🇬🏿🏽🏻#*019",
    *["\u200d"] * 6,  # joins; often, so that sequences come about
    *["\ufe0f"] * 5,  # a picture, please
    *"\ufe0e\u20e3\U000e0067\U000e0062\U000e0065\U000e006e\U000e007f",
    "👩‍👩‍👧‍👦", "👩🏽‍🎤", "🏳️‍🌈", "🧑‍🦯", "1️⃣",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
]  # fmt: skip
WORDS = [
    *" \n-_./(),:;!?'\"=&%$#@＃＠“”…—|",
    "a", "Ω", "ñ", "n\u0303", "é", "e\u0301", "ą́", "語", "한", "ع", "ﷺ", "अ", "नि",
    "a\u0300\u0301\u0302",
    "\u200b", "\u2028", "\u202e", "DNS", "http://", "https://", "gemini://", "www.",
    "example.org", "example.org/a_(b)?q=ñ#x", "/ruta/año", "/路径", ".com", "co.uk", "t.co/abc",
    "über.de", "правительство.рф", "例え.テスト", "xn--80aswg.xn--p1ai", "example.invalid",
    "a.b", "3.14",
    "@icann", "@icann@mastodon.example", "@a.b-c@host", "@@", "mail@example.org", "#DNS", "#Año",
    "＃語",
]  # fmt: skip
# An address in punycode has an end only where something that is no letter follows.
TEXTS = (
    st.lists(st.one_of(st.sampled_from(EMOJI), st.sampled_from(WORDS)), max_size=14)
    .map("".join)
    .filter(lambda text: "xn--" not in text or text.isascii())
)
ANY = st.text(max_size=40)

# One of each kind, to be sent for real at just the limit, and one over it.
KINDS = {
    "letters": "Ação, ñandú",
    "decomposed": "n\u0303andu\u0301",
    "asia": "故人西辞黄鹤楼",
    "link": "https://example.org/a_(b)?q=1#x ",
    "bare": "see example.org/path, and über.de ",
    "idn": "https://правительство.рф/ ",
    "wide path": "https://example.org/路径 ",
    "family": "👩‍👩‍👧‍👦",
    "skin": "🙋🏽👨‍🎤☝️🏽",
    "flags": "🇺🇾🇧🇷🇽🇽",
    "keycap": "1️⃣#️⃣",
    "joined": "🎤‍🎤👩‍⚕",
    "mention": "@icann@mastodon.example @lac ",
    "mail": "mail@example.org ",
    "hashtags": "#DNS #Año ",
}


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.one_of(TEXTS, ANY))
@example("👩‍🚀🧑‍🚀👨🏽‍🦰🏋🏽‍♀️🏴‍☠️👁‍🗨")
@example("www.http://example.org/a")
@example("Visit example.org.")
@example("@a@b@ @c@d.e:// x@y")
@example("https://t.co/abc?x=1/def")
def test_both_count_the_same(text: str) -> None:
    assert length("x", text) == x_length(text)
    assert length("mastodon", text) == mastodon_length(text)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("network", ["x", "mastodon"])
def test_what_just_fits_is_taken_and_one_more_is_not(
    sandbox: Sandbox, account: str, network: str, kind: str
) -> None:
    limit = LIMITS[network]
    rest = limit - length(network, KINDS[kind] * 3 + " ")
    fitting = KINDS[kind] * 3 + " " + "a" * rest
    assert check(network, fitting, limit).length == limit
    with httpx.Client(
        base_url=sandbox.ports.base(network),
        headers={"Authorization": f"Bearer sandbox-{account}"},
        trust_env=False,
    ) as http:
        answers = [_post(http, network, text) for text in (fitting, fitting + "a")]
    assert answers == ([201, 400] if network == "x" else [200, 422])


def _post(http: httpx.Client, network: str, text: str) -> int:
    if network == "x":
        return http.post("/2/tweets", json={"text": text}).status_code
    return http.post("/api/v1/statuses", data={"status": text}).status_code
