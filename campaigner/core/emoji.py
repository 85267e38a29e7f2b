"""Which characters X counts together as one emoji.

Those of twemoji at Emoji 11, which twitter-text counts with
(github.com/twitter/twemoji-parser 11.0.2). A picture weighs 2 by itself, as most
characters do; so only what several characters make up is listed here. A
sequence that is younger, or that nobody ever listed, counts as its parts: what fits by
this count fits on X, also if X has learned it since.
"""

from functools import cache

import regex

from campaigner.core.top_level_domains import TOP_LEVEL_DOMAINS

_JOIN = r"\u200D"
_AS_PICTURE = r"\uFE0F"
_TONE = r"[\U0001F3FB-\U0001F3FF]"
_SIGN = rf"[♀♂]{_AS_PICTURE}"

# Shown as text or as a picture: the selector after them belongs to them.
_TWO_FACED = (
    r"[[\p{Emoji}--\p{Emoji_Presentation}--[#*0-9©®™♟♾⚧]]"
    r"⌚⌛◽◾☔☕♈-♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛔⛪⛲⛳⛵⛺⛽❗⬛⬜⭐⭕🀄🈚🈯]"
)
_PICTURE_ONLY_IF_ASKED = "[©®™♟]"

_TWO_FACED_WITH_SKIN = "[☝⛷⛹✌✍🏋🏌🕴🕵🖐]"
_WITH_SKIN = (
    r"[\p{Emoji_Modifier_Base}--[👪-👭👯💏💑🤌🤏🤝🤼🥷🦻🧍-🧏\U0001FAC0-\U0001FAFF]--"
    rf"{_TWO_FACED_WITH_SKIN}]"
)

_AT_WORK = rf"(?:[⚕⚖✈]{_AS_PICTURE}|[🌾🍳🎓🎤🎨🏫🏭💻💼🔧🔬🚀🚒🦰-🦳])"
_MAN_OR_WOMAN = "[🏃🏄🏊👮👱👳👷💁💂💆💇🙅-🙇🙋🙍🙎🚣🚴-🚶🤦🤵🤷-🤹🤽🤾🦸🦹🧖-🧝]"
_MEN_OR_WOMEN = "[👯🤼🧞🧟]"
_PARENTS = rf"(?:👨{_JOIN}[👨👩]|👩{_JOIN}👩|[👨👩])"
_CHILDREN = rf"(?:👦(?:{_JOIN}👦)?|👧(?:{_JOIN}[👦👧])?)"
_LOVE = rf"{_JOIN}❤{_AS_PICTURE}{_JOIN}(?:💋{_JOIN})?"

# ISO 3166-2 in tag characters: England, Scotland, Wales.
_NATIONS = "|".join(
    "🏴" + "".join(chr(0xE0000 + ord(letter)) for letter in name) + "\U000e007f"
    for name in ("gbeng", "gbsct", "gbwls")
)
_NO_FLAGS = {"an", "su", "tp", "uk"}
_FLAGS_BESIDE = {"cp", "dg", "ea", "ic", "ta", "un", "xk"}


@cache
def emoji() -> regex.Pattern[str]:
    """Return what matches one emoji of several characters, the longest that begins there.

    Compiled when it is first used.
    """
    together = (
        rf"[👨👩]{_TONE}?{_JOIN}{_AT_WORK}",
        rf"[⛹🏋🏌🕴🕵](?:{_TONE}|{_AS_PICTURE}){_JOIN}{_SIGN}",
        rf"{_MAN_OR_WOMAN}{_TONE}?{_JOIN}{_SIGN}",
        rf"{_MEN_OR_WOMEN}{_JOIN}{_SIGN}",
        rf"{_PARENTS}{_JOIN}{_CHILDREN}",
        rf"👨{_LOVE}👨|👩{_LOVE}[👨👩]",
        rf"🏳{_AS_PICTURE}{_JOIN}🌈|🏴{_JOIN}☠{_AS_PICTURE}|👁{_JOIN}🗨",
        rf"[#*0-9]{_AS_PICTURE}?\u20E3",
        rf"{_PICTURE_ONLY_IF_ASKED}{_AS_PICTURE}",
        rf"{_TWO_FACED_WITH_SKIN}{_AS_PICTURE}?{_TONE}",
        rf"{_WITH_SKIN}{_TONE}",
        rf"{_TWO_FACED}{_AS_PICTURE}",
        _NATIONS,
        r"\L<flag>",
    )
    return regex.compile("|".join(together), regex.VERSION1, flag=_flags())


def _flags() -> frozenset[str]:
    # A pair of regional indicators is a flag only for a code that stands for a
    # region; those are the two-letter domains, but for a few.
    codes = {name for name in TOP_LEVEL_DOMAINS if len(name) == 2 and name.isascii()}
    codes = codes - _NO_FLAGS | _FLAGS_BESIDE
    return frozenset("".join(chr(ord(c) - ord("a") + 0x1F1E6) for c in code) for code in codes)
