"""E-mail addresses as the standards have them: what is one, and how it is written.

RFC 5321 and 5322 for the ASCII ones, 6531 and 6532 for a local part beyond
ASCII, 5890–5893 with UTS 46 for the domain. Narrower on purpose where
more is allowed than any reader has and attackers hide things: quoted local
parts, IP addresses for a domain, comments, invisible and look-alike characters.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import idna
import regex

LONGEST = 254  # octets of an address (RFC 5321, 4.5.3.1.3, without the brackets)
LONGEST_LOCAL = 64
LONGEST_DOMAIN = 253
LONGEST_LABEL = 63

_PLAIN = re.compile(
    r"([a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)@"
    r"((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63})",
    re.ASCII | re.IGNORECASE,
)
"""What all but a few addresses look like; `--` in the domain is looked at by the long way.

Without possessive repetition: before 3.11.5 Python's `re` takes `a.@example.org` with it.
"""

# The dot-atom of RFC 5322, and with RFC 6532 what has a shape of its own beyond ASCII. The two
# joiners (ZWNJ, ZWJ) have none, and Persian or Sinhala cannot be written without them.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u200c\u200d[[\p{L}\p{M}\p{N}\p{P}\p{S}]--[\x00-\x7f]]]"
_ATOMS = regex.compile(_ATOM + "+", regex.V1)
_SYNTAX = frozenset('()<>[]:;@\\," ')
_INVISIBLE = regex.compile(r"[\p{C}\p{Z}--[\u200c\u200d]]", regex.V1)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")

# RFC 2142: these are read without regard to case wherever mail is read.
_ROLES = frozenset(
    ("info", "marketing", "sales", "support", "abuse", "noc", "security", "postmaster",
     "hostmaster", "usenet", "news", "webmaster", "www", "uucp", "ftp")
)  # fmt: skip
_NOWHERE = frozenset({"arpa", "invalid", "local", "localhost", "onion"})
"""Special-use names to which no mail can go (RFC 6761, 6762, 7686); `test` may be anybody's own."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address taken apart, composed (NFC), its domain once as U-labels and once as A-labels."""

    local: str
    domain: str
    ascii_domain: str

    @property
    def normalized(self) -> str:
        """As people should see it; the local part keeps its case."""
        return f"{self.local}@{self.domain}"

    @property
    def ascii(self) -> str | None:
        """As every server takes it; None if there is no such form, for the local part has none."""
        return f"{self.local}@{self.ascii_domain}" if self.local.isascii() else None

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only servers that speak RFC 6531 can carry it."""
        return not self.local.isascii()

    @property
    def mailbox(self) -> str:
        """The form that is equal for all ways to write one mailbox; no mail is sent to it.

        Lower case: servers that tell `Ana@` from `ana@` exist on paper only,
        and nobody wants each mail twice.
        """
        return f"{self.local.lower()}@{self.ascii_domain}"


def read_address(text: str) -> Address:
    """Take an address apart, and bring it into its normal form.

    Raises ValueError, with what is wrong, for what cannot be one. Nothing is
    stripped off: a space before or behind it is wrong, too.
    """
    plain = _PLAIN.fullmatch(text) if len(text) <= LONGEST else None
    if plain is None or "--" in text:
        return _read_closely(text)
    local, domain = plain[1], plain[2].lower()
    if len(local) > LONGEST_LOCAL:
        raise ValueError(f"the part before the @ is longer than {LONGEST_LOCAL} bytes")
    if domain.rpartition(".")[2] in _NOWHERE:
        raise ValueError(_nowhere(domain))
    role = local.lower()
    return Address(role if role in _ROLES else local, domain, domain)


def mailbox_of(address: str) -> str:
    """Return the normal form of an address: equal for all ways to write one mailbox.

    The domain as lower-case A-labels (`bücher.de` and `xn--bcher-kva.de` are
    one), the local part composed (NFC) and in lower case. Raises ValueError as
    `read_address`.
    """
    return read_address(address).mailbox


def _read_closely(text: str) -> Address:
    if len(text) > LONGEST:  # before anything is computed over it
        raise ValueError(f"it is longer than {LONGEST} bytes")
    local, at, domain = text.rpartition("@")
    if not at:
        raise ValueError(_without_at(text))
    if domain.endswith(">"):
        raise ValueError("it stands in < >, which are no part of it")
    local = _local(local)
    ascii_domain, shown = _domain(domain)
    if len(f"{local}@{shown}".encode()) > LONGEST or len(f"{local}@{ascii_domain}") > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} bytes")
    return Address(local, shown, ascii_domain)


def _without_at(text: str) -> str:
    for look_alike, name in (("＠", "full-width"), ("﹫", "small")):
        if look_alike in text:
            return f"its @ is another character that looks like one ({name})"
    return "it has no @"


def _local(given: str) -> str:
    """Return the local part in its normal form. Raises ValueError for what cannot be one."""
    if not given:
        raise ValueError("there is nothing before the @")
    if given[0] == '"':
        raise ValueError("the part before the @ is not possible: quoted ones are not taken")
    local = unicodedata.normalize("NFC", given)
    for each in (given, local):  # NFC may turn a letter's look-alike into syntax: U+037E into ;
        if fault := _local_fault(each):
            raise ValueError(f"the part before the @ is not possible: {fault}")
    if len(local.encode()) > LONGEST_LOCAL:
        raise ValueError(f"the part before the @ is longer than {LONGEST_LOCAL} bytes")
    return role if (role := local.lower()) in _ROLES else local


def _local_fault(local: str) -> str:
    """Say what a local part cannot be for; empty if it can."""
    if local.startswith(".") or local.endswith("."):
        return "a dot stands at its edge"
    if ".." in local:
        return "two dots stand together"
    for atom in local.split("."):
        whole = _ATOMS.match(atom)
        if whole is None or whole.end() < len(atom):
            return f"it has {_named(atom[whole.end() if whole else 0])} in it"
    if unicodedata.category(local[0])[0] == "M":
        return "it begins with a mark that belongs onto a letter"
    if local.isascii():
        return ""
    return next((fault for place in range(len(local)) if (fault := _unclear(local, place))), "")


def _unclear(local: str, place: int) -> str:
    """Say what is unclear about one character beyond ASCII; empty if nothing is."""
    character = local[place]
    if character.isascii():
        return ""
    if character in "\u200c\u200d":
        return "" if _joins(local, place) else f"it has {_named(character)} in it"
    alike = unicodedata.normalize("NFKC", character)
    if not _SYNTAX.isdisjoint(alike):
        return f"it has {_named(character)} in it, which looks like '{alike.strip()}'"
    return ""


def _joins(local: str, place: int) -> bool:
    """Whether a joiner changes the shape of its neighbours (RFC 5892, A.1 and A.2), so is seen."""
    try:
        return idna.valid_contextj(local, place)
    except ValueError:  # a neighbour of which nothing is known
        return False


@lru_cache(maxsize=4096)
def _domain(given: str) -> tuple[str, str]:
    """Return a domain as lower-case A-labels, and as U-labels.

    Raises ValueError for what cannot be one.
    """
    if not given:
        raise ValueError("there is nothing after the @")
    if given[0] == "[":
        raise ValueError("the part after the @ is not possible: it is no name, but a number")
    if invisible := _INVISIBLE.search(given):
        raise ValueError(f"the part after the @ is not possible: it has {_named(invisible[0])}")
    try:
        # Maps case, width and the full stops of East Asia; keeps ß and the joiners as they are.
        mapped = idna.uts46_remap(given, std3_rules=True, transitional=False)
        labels = [_ascii_label(label) for label in mapped.split(".")]
        shown = ".".join(idna.ulabel(label) for label in labels)
        if any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in shown):
            # RFC 5893: one label from right to left binds all of them.
            for label in shown.split("."):
                idna.check_bidi(label, check_ltr=True)
    except UnicodeError:  # idna.IDNAError is one
        raise ValueError("the part after the @ is not possible") from None
    ascii_domain = ".".join(labels)
    if len(ascii_domain) > LONGEST_DOMAIN:
        raise ValueError(f"the part after the @ is longer than {LONGEST_DOMAIN} bytes")
    last = labels[-1]
    if len(labels) < 2 or not (last.startswith("xn--") or last[-1].isalpha()):
        raise ValueError("the part after the @ is not a domain")
    if last in _NOWHERE:
        raise ValueError(_nowhere(ascii_domain))
    return ascii_domain, shown


def _ascii_label(label: str) -> str:
    """Return a mapped label as A-label. Raises ValueError, or UnicodeError, for what is none."""
    if not label:
        raise ValueError("the part after the @ is not a domain: a dot is at its edge, or doubled")
    encoded = idna.alabel(label).decode("ascii") if _needs_idna(label) else label
    if not _LABEL.fullmatch(encoded) or (encoded[2:4] == "--" and encoded[:4] != "xn--"):
        raise ValueError("the part after the @ is not possible")
    if len(encoded) > LONGEST_LABEL:
        raise ValueError(f"a part of its domain is longer than {LONGEST_LABEL} bytes")
    return encoded


def _needs_idna(label: str) -> bool:
    return not label.isascii() or label.startswith("xn--")


def _nowhere(domain: str) -> str:
    return f"no mail can go to .{domain.rpartition('.')[2]}"


def _named(character: str) -> str:
    """Return a character so that a person can find it: in quotes, or by its name."""
    if character == " ":
        return "a space"
    if character.isprintable():
        return f"'{character}'"
    return f"U+{ord(character):04X} ({unicodedata.name(character, 'a control character')})"
