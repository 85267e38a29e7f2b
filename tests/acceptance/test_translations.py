"""A string without its translation keeps its own language waiting, and nothing else."""

from typing import Any

import pytest
from babel.messages.pofile import read_po, write_po

from tests.acceptance.sample import DNS, Sample
from tests.acceptance.shell import Shell

FRENCH = "locales/fr/LC_MESSAGES/campaigns.po"
SOURCE = "Phishing deceives people into giving away passwords"  # of item `phishing`, on X


@pytest.mark.parametrize("fault", ["missing", "to be checked"])
def test_an_untranslated_string_holds_its_own_languages_posts_of_its_own_item(
    fault: str, sample: Sample, sample_shell: Shell
) -> None:
    spoil(sample, fault)
    told = sample_shell("queue", DNS, "--start", "2030-12-03").out
    assert SOURCE[:40] in told, "queue says which string"

    held = waiting(sample_shell)
    assert {(row["item"], row["account"], row["locale"]) for row in held} == {
        ("phishing", "x-fr", "fr")
    }
    [row] = held
    assert SOURCE[:40] in row["why"], "and so does the outbox"
    assert row["why"].startswith("waiting for a translation")
    assert SOURCE[:40] in sample_shell("outbox", "list", "--state", "held").out

    sample_shell("approve", "dns-security-awareness", "--as", "approver")
    assert waiting(sample_shell) == held, "a yes does not let it go half-translated"
    states = {row["state"] for row in sample_shell("outbox", "list", "--json").rows}
    assert states == {"queued", "held"}

    status = sample_shell("translate", "status", "--json").rows
    unfinished = [row for row in status if row["faults"] and row["domain"] == "campaigns"]
    assert [row["locale"] for row in unfinished] == ["fr"]
    assert SOURCE[:40] in unfinished[0]["faults"][0]
    sample_shell("translate", "status", "--check", code=1)
    assert "1 string waits" in sample_shell("check", DNS).out


def test_once_translated_it_goes_on_with_an_approval_of_its_own(
    sample: Sample, sample_shell: Shell
) -> None:
    right = (sample.root / FRENCH).read_bytes()
    spoil(sample, "missing")
    sample_shell("queue", DNS, "--start", "2030-12-03")
    sample_shell("approve", "dns-security-awareness", "--as", "approver")
    (sample.root / FRENCH).write_bytes(right)
    rows = sample_shell("queue", DNS, "--json").rows
    changed = [row for row in rows if row["what"] != "unchanged"]
    assert [(row["what"], row["account"], row["hold"]) for row in changed] == [
        ("changed", "x-fr", None)
    ]
    asked = sample_shell("approve", "dns-security-awareness", "--as", "approver", "--json").rows
    assert [row["account"] for row in asked] == ["x-fr"]
    assert waiting(sample_shell) == []


def waiting(shell: Shell) -> list[dict[str, Any]]:
    """Return what waits for a translation."""
    rows = shell("outbox", "list", "--json").rows
    return [row for row in rows if row["hold"] == "translation"]


def spoil(sample: Sample, fault: str) -> None:
    """Take the translation of one string out of the French catalog, or mark it to be checked."""
    path = sample.root / FRENCH
    with path.open("rb") as file:
        catalog = read_po(file, locale="fr")
    [message] = [one for one in catalog if one.id and str(one.id).startswith(SOURCE)]
    if fault == "missing":
        message.string = ""
    else:
        message.flags.add("fuzzy")
    with path.open("wb") as file:
        write_po(file, catalog)
