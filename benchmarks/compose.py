"""How many mails a second are composed: unsigned, with RSA-2048, and with Ed25519 beside it.

Each has 20 KB, its reader's name, the unsubscribe link and ten links with the
reader's own token, and all headers of a mailing; its tokens are made, too. The
edition is prepared once, as in a broadcast. The yardstick is what the
signatures of this machine's library alone allow.
"""

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from benchmarks.report import PAIRS, Line, Result, median_pair, show, timed, usage
from campaigner.core.tokens import Keyring
from campaigner.mail.compose import Prepared, prepare
from campaigner.mail.dkim import Signer, load_signer, new_key
from campaigner.mail.lists import head_of, slots_of
from campaigner.settings import AccountSettings

BUDGET_RSA = 2_500  # mails a second: what the wire takes with RSA is below that
BUDGET_US = 40  # of processor for a mail without signatures
BYTES = 20_000
KEYRING = Keyring((b"benchmark benchmark benchmark 32",))
ACCOUNT = AccountSettings(
    channel="email",
    title="ICANN LAC",
    locales=("es",),
    sender="ICANN LAC <digest@example.org>",
    reply_to="lac@example.org",
)
HEADER = 512  # bytes: about what a signature is made over


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=5_000, help="in each of the pairs")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    options = parser.parse_args(arguments)
    mails: int = options.mails
    rsa = load_signer(new_key(), selector="rsa", domain="example.org")
    ed = load_signer(new_key(ed=True), selector="ed", domain="example.org")
    lines = []
    results = []
    for words, signers in (("unsigned", ()), ("RSA-2048", (rsa,)), ("both", (rsa, ed))):
        result, size = _measure(words, signers, mails=mails, pairs=options.pairs)
        budget = {"unsigned": f"≤ {BUDGET_US} µs", "RSA-2048": f"≥ {BUDGET_RSA:,}"}.get(words, "")
        figure = f"{result.value:,.0f} mails/s, {result.cpu_us_per_item} µs each, {size:,} bytes"
        lines.append(Line(words, figure, budget))
        results.append(result)
    unsigned, with_rsa, with_both = results
    show(
        lines,
        with_rsa,
        unsigned_per_second=unsigned.value,
        unsigned_us=unsigned.cpu_us_per_item or 0.0,
        both_per_second=with_both.value,
    )


def _measure(
    words: str, signers: Sequence[Signer], *, mails: int, pairs: int
) -> tuple[Result, int]:
    form = edition(signers)
    with usage() as used:
        rate, signing, ratio = median_pair(
            lambda: mails / timed(lambda: compose(form, mails)),
            lambda: mails / timed(_signatures(signers, mails)),
            pairs=pairs,
        )
    del used  # both of a pair are in it
    with usage() as own:
        compose(form, mails)
    result = Result(
        name="compose",
        value=round(rate),
        unit="mails/s",
        yardstick=round(signing) if signers else None,
        ratio=round(ratio, 2) if signers else None,
        cpu_us_per_item=own.us_per_item(mails),
        peak_mb=own.peak_mb,
    )
    return result, len(form.fill(slots_of(KEYRING, 1, name="Ana", address="ana@example.net")))


def edition(signers: Sequence[Signer] = ()) -> Prepared:
    """Return an edition whose mails have 20 KB, a name and eleven links of their reader's own."""
    link = '<p><a href="⟦preferences⟧">Leer más</a></p>\n'
    around = f'<p>Hola, ⟦name⟧</p>\n{link * 9}<p><a href="⟦unsubscribe⟧">Salir</a></p>\n'
    filler = "<p>" + "Lorem ipsum dolor sit amet. " * 60 + "</p>\n"
    paragraphs = (filler * (1 + BYTES // len(filler)))[: BYTES - 3_600]
    head = head_of(
        ACCOUNT,
        name="digest",
        public_url="https://news.example.org",
        subject="Políticas de la ICANN: en qué punto está cada proceso",
        date=datetime(2026, 1, 1, tzinfo=UTC),
        language="es",
        feedback=("pdp-digest", "2026-01-01", "digest"),
    )
    text = "Hola, ⟦name⟧\n⟦preferences⟧\n⟦unsubscribe⟧\n"
    return prepare(head, [(around + paragraphs, text)], signers)


def compose(form: Prepared, mails: int) -> None:
    for id in range(mails):
        form.fill(slots_of(KEYRING, id, name=f"Reader {id}", address=f"reader{id}@example.net"))


def _signatures(signers: Sequence[Signer], mails: int) -> Callable[[], None]:
    data = bytes(HEADER)

    def sign() -> None:
        for _ in range(mails):
            for signer in signers:
                signer.sign(data)

    return sign


if __name__ == "__main__":
    main()
