"""Emoji that X counts as one although they are written with several characters.

Written for the sandbox alone, as a list and not as an expression: each is
spelled out once (some 2,300), and the longest that stands at a place counts.
It is the list by which twitter-text counts, that of Emoji 11:
https://github.com/twitter/twemoji-parser/tree/v11.0.2
"""

from collections.abc import Iterator
from functools import cache

import regex

JOINER = "\u200d"
PICTURE = "\ufe0f"
TONES = "🏻🏼🏽🏾🏿"

_JOBS = [mark + PICTURE for mark in "⚕⚖✈"] + list("🌾🍳🎓🎤🎨🏫🏭💻💼🔧🔬🚀🚒🦰🦱🦲🦳")
_WITH_TWO_FACES = "☝⛷⛹✌✍🏋🏌🕴🕵🖐"
_GENDERED = "🏃🏄🏊👮👱👳👷💁💂💆💇🙅🙆🙇🙋🙍🙎🚣🚴🚵🚶🤦🤵🤷🤸🤹🤽🤾🦸🦹🧖🧗🧘🧙🧚🧛🧜🧝"
_TONED = (
    _GENDERED + "☝⛷⛹✊✋✌✍🎅🏂🏇🏋🏌👂👃👆👇👈👉👊👋👌👍👎👏👐👦👧👨👩👰👲👴👵👶👸👼💃💅💪🕴🕵"
    "🕺🖐🖕🖖🙌🙏🛀🛌🤘🤙🤚🤛🤜🤞🤟🤰🤱🤲🤳🤴🤶🦵🦶🧑🧒🧓🧔🧕"
)
_CHILDREN = ["👦", "👦👦", "👧", "👧👦", "👧👧"]
_PARENTS = ["👨", "👩", "👨👨", "👨👩", "👩👩"]
_LANDS = (
    "AC AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ "
    "BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CP CR CU CV CW CX CY CZ DE DG DJ DK "
    "DM DO DZ EA EC EE EG EH ER ES ET EU FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ "
    "GR GS GT GU GW GY HK HM HN HR HT HU IC ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI "
    "KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP "
    "MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX "
    "SY SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM UN US UY UZ VA VC VE VG VI "
    "VN VU WF WS XK YE YT ZA ZM ZW"
)
# Pictures that may also be shown as text, and with U+FE0F are one all the same.
_FACES = regex.compile(
    r"[[\p{Emoji}--\p{Emoji_Presentation}--[0-9\#*♾⚧]]"
    r"⌚⌛◽◾☔☕♈♉♊♋♌♍♎♏♐♑♒♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛔⛪⛲⛳⛵⛺⛽❗⬛⬜⭐⭕🀄🈚🈯]",
    regex.V1,
)


def _spelled() -> Iterator[str]:
    signs = [sign + PICTURE for sign in "♀♂"]
    for sign in signs:
        for person in _GENDERED:
            yield from (JOINER.join((person + tone, sign)) for tone in ("", *TONES))
        for person in "⛹🏋🏌🕴🕵":
            yield from (JOINER.join((person + after, sign)) for after in (PICTURE, *TONES))
        yield from (JOINER.join((people, sign)) for people in "👯🤼🧞🧟")
    for person in "👨👩":
        for tone in ("", *TONES):
            yield from (JOINER.join((person + tone, job)) for job in _JOBS)
    for parents in _PARENTS:
        yield from (JOINER.join(parents + children) for children in _CHILDREN)
    heart = "❤" + PICTURE
    for one, other in ("👨👨", "👩👨", "👩👩"):
        yield from (JOINER.join((one, heart, other)), JOINER.join((one, heart, "💋", other)))
    yield from (f"🏳{PICTURE}{JOINER}🌈", f"🏴{JOINER}☠{PICTURE}", f"👁{JOINER}🗨")
    for key in "#*0123456789":
        yield from (f"{key}\u20e3", f"{key}{PICTURE}\u20e3")
    for person in _TONED:
        yield from (person + tone for tone in TONES)
    for person in _WITH_TWO_FACES:
        yield from (person + PICTURE + tone for tone in TONES)
    for land in _LANDS.split():
        yield "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in land)
    for nation in ("gbeng", "gbsct", "gbwls"):
        yield "🏴" + "".join(chr(0xE0000 + ord(letter)) for letter in nation) + "\U000e007f"
    for number in (*range(0x80, 0x3300), *range(0x1F000, 0x1FB00)):
        if _FACES.match(chr(number)):
            yield chr(number) + PICTURE


@cache
def _known() -> tuple[frozenset[str], frozenset[str], int]:
    """Return all of them, the characters that they begin with, and how long the longest is."""
    known = frozenset(_spelled())
    return known, frozenset(each[0] for each in known), max(map(len, known))


def emoji_at(text: str, at: int) -> int:
    """Return how many characters the emoji takes that is written at `at` with several; 0: none."""
    known, firsts, longest = _known()
    if text[at] not in firsts:
        return 0
    for size in range(min(longest, len(text) - at), 1, -1):
        if text[at : at + size] in known:
            return size
    return 0
