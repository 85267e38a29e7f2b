"""What an author looks at before anything is queued: previews and the partner kit, as commands."""

from pathlib import Path

from tests.acceptance.sample import DIGEST, DNS, Sample
from tests.acceptance.shell import Shell


def test_the_preview_says_what_each_post_is_and_costs(sample_shell: Shell) -> None:
    out = sample_shell("preview", DNS, "--item", "phishing", "--locale", "pt-BR").out
    assert "phishing · x-pt · português (Brasil)" in out
    assert "written in English" in out
    assert "of 280 · $0.200" in out
    assert "of 500 · free" in out
    assert "2 posts, 1 story; 0 posts cannot go out as they are." in out
    assert "The networks charge about $0.200." in out


def test_the_preview_for_programs_says_so_too(sample_shell: Shell) -> None:
    rows = sample_shell("preview", DNS, "--item", "phishing", "--json").rows
    assert {(row["channel"], row["cost_usd"]) for row in rows} == {
        ("x", "0.200"),
        ("mastodon", "0"),
    }
    assert {row["source_language"] for row in rows} == {"en"}


def test_what_is_held_left_out_or_unwritten_is_told(sample: Sample, sample_shell: Shell) -> None:
    with (sample.root / DNS).open("a", encoding="utf-8") as file:
        file.write(
            "  - id: fresh\n"
            f"    text: {{x: '{'word ' * 54}', all: Names matter.}}\n"
            "    hashtags: [DNS, Security]\n"
            "  - id: later\n    title: A year later\n    owner: maria\n    due: 2027-01-20\n"
        )
    out = sample_shell("preview", DNS, "--item", "fresh").out
    assert "held: es:" in out
    assert "left out to fit: #Security" in out
    assert "6 posts cannot go out as they are." in out
    later = sample_shell("preview", DNS, "--item", "later").out
    assert "item 'later' has no text yet: A year later (maria), due 2027-01-20" in later


def test_the_preview_is_a_page_as_well(sample: Sample, sample_shell: Shell) -> None:
    told = sample_shell("preview", DNS, "--html", "look.html", "--lang", "es")
    assert told.out.startswith("look.html: 64 posts, 32 stories; ")
    page = (sample.root / "look.html").read_text(encoding="utf-8")
    assert '<html lang="es"' in page
    assert page.count("<article") == 96
    assert len(page) < 1_500_000


def test_a_digest_is_shown_as_its_readers_get_it(sample: Sample, sample_shell: Shell) -> None:
    sample_shell("pdp", "import", "campaigns/data/pdps.yaml")
    assert "4 editions" in sample_shell("preview", DIGEST, "--html", "digest.html").out
    page = (sample.root / "digest.html").read_text(encoding="utf-8")
    assert page.count("<iframe") == 4
    assert "reader@example.org" in page
    assert "⟦" not in page


def test_a_kit_is_one_file_and_its_size_is_told(sample: Sample, sample_shell: Shell) -> None:
    told = sample_shell("kit", DNS, "--output", "kit.html", "--lang", "fr").out
    assert told.splitlines()[-1].startswith(
        "kit.html: 8 items in English, español, português (Brasil), français; "
    )
    assert "It suggests no dates" in told
    page = (sample.root / "kit.html").read_text(encoding="utf-8")
    assert '<html lang="fr"' in page
    assert page.count('download="') == 8

    sample_shell("queue", DNS, "--start", "2099-12-01")
    assert "no dates" not in sample_shell("kit", DNS, "-o", "kit.html", "--lang", "en").out
    page = (sample.root / "kit.html").read_text(encoding="utf-8")
    assert "Suggested date: Tuesday, December 1, 2099" in page


def test_a_kit_needs_no_database(sample: Sample, sample_shell: Shell) -> None:
    state = sample.root / "state"
    for file in state.glob("campaigner.db*"):
        file.unlink()
    assert "8 items" in sample_shell("kit", DNS).out
    assert not (state / "campaigner.db").exists()


def test_what_cannot_be_written_or_said_is_told(sample_shell: Shell, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere" / "kit.html")
    assert "cannot be written" in sample_shell("kit", DNS, "-o", nowhere, code=1).err
    assert "cannot be written" in sample_shell("preview", DNS, "--html", nowhere, code=1).err
    assert "'de' is none of" in sample_shell("kit", DNS, "--lang", "de", code=2).err
    assert "is a digest" in sample_shell("kit", DIGEST, code=1).err
    assert "Leave an option out" in sample_shell("preview", DNS, "--item", "no", code=1).err
    assert "Write it like es" in sample_shell("preview", DNS, "--locale", "?", code=1).err
