"""The gate: what in a mail would not arrive, not work, or look like spam."""

import pytest

from campaigner.core.mail_faults import STOPS, Kind, MailFault, faults_in

WORDS = "There is much to tell about policy this week. " * 10
LEAVE = '<a href="⟦unsubscribe⟧">Unsubscribe</a>'
TEXT = f"{WORDS}\n⟦unsubscribe⟧\n"


def found(
    html: str = "", *, subject: str = "Policy news of this week", text: str = TEXT, end: str = LEAVE
) -> list[tuple[Kind, str]]:
    page = (
        "<!DOCTYPE html><html><head><title>t</title><style>.a{display:none}</style></head><body>"
        f'<div style="display:none;max-height:0px;opacity:0">In short</div><p>{WORDS}</p>'
        f"{html}{end}"
        "</body></html>"
    )
    return [
        (fault.kind, fault.detail) for fault in faults_in(subject=subject, html=page, text=text)
    ]


def kinds(html: str = "", **changes: str) -> list[Kind]:
    return [kind for kind, _ in found(html, **changes)]


def test_an_ordinary_mail_has_no_fault() -> None:
    assert not found(
        '<h1>News!</h1><a href="https://www.icann.org/x?a=1&amp;b=2#c">Read more</a>'
        '<a href="mailto:lac@example.org?subject=x">lac@example.org</a> <a href="tel:+598">call</a>'
        '<a href="⟦preferences⟧">Choose</a> <a href="#top">Up</a>'
        '<a href="https://señal.example/ñ">señal</a>'
        '<a href="https://www.icann.org/pdp">icann.org/pdp</a>'
        '<img src="https://example.org/a.png" alt="A chart">'
        '<img src="https://example.org/b.png" alt="">'
        '<td style="font-size:0px"><div style="font-size:16px;max-height:0.5em">seen</div></td>'
        "<!--[if mso]><table><tr><td>never</td></tr></table><![endif]-->"
    )


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<img src="https://example.org/a.png">', (Kind.ALT, "https://example.org/a.png")),
        ('<a href="">x</a>', (Kind.LINK, "")),
        ('<a href="#">x</a>', (Kind.LINK, "#")),
        ('<a href="/archive">x</a>', (Kind.LINK, "/archive")),
        ('<a href="www.example.org">x</a>', (Kind.LINK, "www.example.org")),
        ('<a href="https://">x</a>', (Kind.LINK, "https://")),
        ('<a href="https://example .org">x</a>', (Kind.LINK, "https://example .org")),
        ('<a href="https://localhost/a">x</a>', (Kind.LINK, "https://localhost/a")),
        ('<a href="https://10.0.0.1/a">x</a>', (Kind.LINK, "https://10.0.0.1/a")),
        ('<a href="https://me@example.org/">x</a>', (Kind.LINK, "https://me@example.org/")),
        ('<a href="https://example.org:9z/">x</a>', (Kind.LINK, "https://example.org:9z/")),
        ('<a href="javascript:alert(1)">x</a>', (Kind.LINK, "javascript:alert(1)")),
        ('<a href="mailto:">x</a>', (Kind.LINK, "mailto:")),
        ('<a href="http://example.org/">x</a>', (Kind.PLAIN_LINK, "http://example.org/")),
        (
            '<img src="http://example.org/a.png" alt="a">',
            (Kind.IMAGE_ADDRESS, "http://example.org/a.png"),
        ),
        ('<img src="data:image/png;base64,AA" alt="a">',
         (Kind.IMAGE_ADDRESS, "data:image/png;base64,AA")),
        ("<p>Hello %(name)s</p>", (Kind.UNFILLED, "%(name)s")),
        ("<p>{{ title }}</p>", (Kind.UNFILLED, "{{ title }}")),
        ("<p>⟦nickname⟧</p>", (Kind.UNFILLED, "⟦nickname⟧")),
        ("<script>x</script>", (Kind.ACTIVE, "script")),
        ("<form></form>", (Kind.ACTIVE, "form")),
        ("<style>@import url(https://fonts.example/a.css);</style>", (Kind.ACTIVE, "@import")),
        ("<style>p{background:url('//x.example/a.png')}</style>", (Kind.ACTIVE, "url")),
        ('<a href="https://bit.ly/x">x</a>', (Kind.SHORTENED, "https://bit.ly/x")),
        (
            '<a href="https://evil.example/">https://www.icann.org/a</a>',
            (Kind.OTHER_ADDRESS, "https://www.icann.org, evil.example"),
        ),
        ('<p style="visibility: hidden">buy <b>now</b></p>', (Kind.HIDDEN, "buy now")),
        ("<p hidden>buy</p>", (Kind.HIDDEN, "buy")),
        ('<img src="https://a.example/a.png" alt="">' * 21, (Kind.IMAGES, "21")),
    ],
)  # fmt: skip
def test_a_fault_of_the_page_is_named_once(html: str, fault: tuple[Kind, str]) -> None:
    assert found(html) == [fault]


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("", Kind.NO_SUBJECT),
        ("  ", Kind.NO_SUBJECT),
        ("x" * 151, Kind.LONG_SUBJECT),
        ("POLICY NEWS OF THIS WEEK", Kind.CAPITALS),
        ("Read it now!!", Kind.EXCLAMATIONS),
        ("News of %(month)s", Kind.UNFILLED),
    ],
)
def test_a_fault_of_the_subject_is_named(subject: str, kind: Kind) -> None:
    assert kinds(subject=subject) == [kind]


@pytest.mark.parametrize("subject", ["ICANN: PDP", "¡Hola!", "GNSO, ccNSO y ASO esta semana"])
def test_abbreviations_and_one_exclamation_are_no_fault(subject: str) -> None:
    assert not kinds(subject=subject)


def test_who_cannot_leave_is_not_written_to() -> None:
    assert found(end="") == [(Kind.UNSUBSCRIBE, "HTML")]
    assert found(text=WORDS) == [(Kind.UNSUBSCRIBE, "text")]
    assert Kind.NO_TEXT in kinds(text="⟦unsubscribe⟧ --")


def test_what_gmail_would_clip_is_stopped() -> None:
    assert kinds(f"<p>{'ñ' * 48_000}</p>") == [Kind.SIZE]


def test_a_mail_of_hardly_more_than_images_is_told() -> None:
    page = f'<img src="https://a.example/a.png" alt="All">{LEAVE}'
    faults = faults_in(subject="News", html=page, text=TEXT)
    assert [fault.kind for fault in faults] == [Kind.IMAGE_ONLY]


def test_what_stops_comes_first_and_everything_has_its_sentence() -> None:
    mixed = faults_in(subject="LOOK AT ALL OF THIS", html="<p>x</p>", text=TEXT)
    assert [fault.stops for fault in mixed] == [True, False]
    for kind in Kind:
        fault = MailFault(kind=kind, detail="here")
        assert fault.stops is (kind in STOPS)
        assert not fault.sentence.endswith(".")
        assert "{" not in fault.sentence
