"""`campaigner subscribers`, from the command line."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from campaigner.cli import main
from tests.acceptance.sample import bare_environment

CASES = Path(__file__).parent.parent / "data" / "addresses" / "international.json"
SETTINGS = """
[accounts.newsletter]
channel = "email"
locales = ["en", "es"]
sender = "News <news@example.org>"
"""
TOPICS = "topics:\n  - {id: policy, title: {en: Policy, es: Políticas}}\n"
SEGMENTS = "segments:\n  brazil: country = BR\n"
PEOPLE = (
    "Correo;Nombre;Idioma;País;Rol\r\n"
    "ana@example.org;Ana Núñez;es;UY;=HYPERLINK(1)\r\n"
    "joão@exemplo.example;João;pt-BR;Brazil;\r\n"
    "wrong;Nobody;es;UY;\r\n"
)
EVIDENCE = ("--consent", "asked at the booth", "--consent-date", "2026-03-02")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "campaigner.toml").write_text(SETTINGS, encoding="utf-8")
    data = tmp_path / "campaigns" / "data"
    data.mkdir(parents=True)
    (data / "topics.yaml").write_text(TOPICS, encoding="utf-8")
    (data / "segments.yaml").write_text(SEGMENTS, encoding="utf-8")
    (tmp_path / "people.csv").write_bytes(PEOPLE.encode("cp1252"))
    monkeypatch.setenv("CAMPAIGNER_STATE_DIR", str(tmp_path / "own"))
    monkeypatch.setenv("CAMPAIGNER_USER", "operator")
    monkeypatch.chdir(tmp_path)
    assert call("db", "upgrade") == 0
    return tmp_path


@pytest.fixture
def run(workspace: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run `campaigner subscribers …`; return what it printed, on stderr if it failed."""

    def run(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        assert call("subscribers", *arguments) == code
        told = capsys.readouterr()
        return told.err if code else told.out

    return run


def call(*arguments: str) -> int:
    try:
        main([*arguments])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_a_list_is_taken_in_and_what_is_wrong_is_handed_back(run: Any, workspace: Path) -> None:
    options = ("people.csv", "--map", "Rol=attributes.role", *EVIDENCE)
    assert "2 new" in (told := _out(run, "import", *options, "--dry-run", code=1))
    assert "Nothing was changed" in told
    told = _out(run, "import", *options, code=1)
    assert "newsletter: 2 new, 0 corrected, 0 unchanged" in told
    assert "1 rejected. (windows-1252, semicolons)" in told
    rejected = (workspace / "people.rejected.csv").read_text("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(rejected))
    assert (row["Correo"], row["reject_line"]) == ("wrong", "4")
    assert "it has no @" in row["reject_reason"]
    assert "0 new, 0 corrected, 2 unchanged" in _out(run, "import", *options, code=1)
    people = json.loads(run("list", "--json"))
    assert [(each["address"], each["locale"], each["zone"]) for each in people] == [
        ("ana@example.org", "es", "America/Montevideo"),
        ("joão@exemplo.example", "pt_BR", "America/Sao_Paulo"),
    ]
    assert people[0]["lists"][0]["consent"] == {
        "how": "import", "source": "people.csv", "by": "operator", "when": "2026-03-02",
        "evidence": "asked at the booth",
    }  # fmt: skip


def _out(run: Any, *arguments: str, code: int) -> str:
    """Return what a command printed on stdout, however it ended."""
    import contextlib

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run(*arguments, code=code)
    return out.getvalue()


def test_without_evidence_nobody_is_taken(run: Any, workspace: Path) -> None:
    run("import", "people.csv", code=1)
    assert json.loads(run("list", "--json")) == []
    assert "that is to come" in run(
        "import", "people.csv", "--consent", "x", "--consent-date", "2999-01-01", code=1
    )


def test_what_is_exported_can_be_imported_and_harms_no_spreadsheet(
    run: Any, workspace: Path
) -> None:
    run("import", "people.csv", "--map", "Rol=attributes.role", *EVIDENCE, code=1)
    printed = run("export").lstrip("\ufeff")
    ana = next(csv.DictReader(io.StringIO(printed)))
    assert ana["attributes.role"] == "'=HYPERLINK(1)"
    assert (ana["consent"], ana["consent_date"], ana["list"], ana["state"]) == (
        "asked at the booth", "2026-03-02", "newsletter", "active",
    )  # fmt: skip
    before = run("list", "--json")
    for name in ("all.csv", "all.xlsx"):
        assert "2 subscribers" in run("export", name)
        assert "0 corrected, 2 unchanged" in run("import", name)
    assert run("list", "--json") == before
    sheet = load_workbook(workspace / "all.xlsx").active
    assert sheet is not None
    assert all(cell.data_type == "s" for row in sheet.iter_rows() for cell in row if cell.value)
    assert "says no format" in run("export", "all.txt", code=1)


def test_a_segment_is_counted_listed_and_exported(run: Any) -> None:
    run("import", "people.csv", *EVIDENCE, code=1)
    assert run("count", "--segment", "brazil") == "1\n"
    assert run("count", "--segment", "not brazil and language = es") == "1\n"
    assert "joão" in run("list", "--segment", "brazil")
    assert run("export", "--segment", "brazil").count("\n") == 2
    assert "Did you mean 'country'?" in run("count", "--segment", "contry = BR", code=1)
    assert json.loads(run("count", "--json")) == [
        {"list": "newsletter", "state": "active", "count": 2}
    ]


def test_one_is_added_removed_and_not_brought_back(run: Any) -> None:
    ana = ("ana@example.org", "--locale", "es", "--country", "UY", *EVIDENCE)
    assert "is added" in run("add", *ana, "--topic", "policy")
    assert "was there already" in run("add", *ana)
    assert "newsletter: active" in run("show", "ana@example.org")
    assert json.loads(run("show", "ana@example.org", "--json"))[0]["topics"] == ["policy"]
    assert "gets no more mail" in run("remove", "ANA@example.org")
    assert "has unsubscribed" in run("add", *ana, code=1)
    assert "no topic 'polcy'" in run("add", *ana, "--topic", "polcy", code=1)
    assert "cannot be added" in run("add", "no address", *ana[1:], code=1)
    assert "nobody reads" in run("remove", "nobody@example.org", code=1)
    assert "Did you mean 'newsletter'?" in run("remove", ana[0], "--list", "newsleter", code=1)


def test_a_person_is_told_all_and_then_forgotten(run: Any, workspace: Path) -> None:
    run("import", "people.csv", *EVIDENCE, code=1)
    held = json.loads(run("export", "--subscriber", "ana@example.org", "--json"))
    assert held["subscriber"]["name"] == "Ana Núñez"
    assert "1 subscriber would be erased" in run("erase", "ana@example.org", "--dry-run")
    assert "1 subscriber erased" in run("erase", "ana@example.org")
    assert "1 left out" in _out(run, "import", "people.csv", *EVIDENCE, code=1)
    assert len((workspace / "own" / "erasures").read_text().split()) == 1
    assert "ana@" not in run("list", "--json")


def test_addresses_are_checked_a_line_at_a_time(tmp_path: Path) -> None:
    cases = json.loads(CASES.read_text(encoding="utf-8"))
    lines = [json.dumps(case["address"]) for case in cases]
    told = subprocess.run(
        [sys.executable, "-m", "campaigner", "subscribers", "check-address", "--jsonl"],
        input="\n".join([*lines, "nonsense", "7"]).encode() + b'\n"\xff"\n',
        capture_output=True,
        cwd=tmp_path,
        env=bare_environment(),
        check=False,
    )
    answers = [json.loads(line) for line in told.stdout.splitlines()]
    assert told.returncode == 1, "three lines are no texts"
    assert len(answers) == len(cases) + 3
    for case, answer in zip(cases, answers, strict=False):
        assert answer["valid"] == (case["kind"] != "bad")
        if answer["valid"]:
            assert {name: answer[name] for name in ("normalized", "ascii", "smtputf8")} == {
                name: case[name] for name in ("normalized", "ascii", "smtputf8")
            }
        assert (answer["problem"] is None) == answer["valid"]
    assert [answer["problem"] for answer in answers[-3:]] == [
        'this line is no JSON: write each text as "text"',
        'this line is no text: write each as "text"',
        "this line is not UTF-8",
    ]


def test_one_address_is_checked_without_a_workspace(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("subscribers", "check-address", "user@BÜCHER.de") == 0
    assert "On the wire: user@xn--bcher-kva.de." in capsys.readouterr().out
    assert call("subscribers", "check-address", "pelé@exemple.com", "--json") == 0
    assert json.loads(capsys.readouterr().out)["smtputf8"] is True
    assert call("subscribers", "check-address", "a b@example.org") == 1
    assert "it has a space in it" in capsys.readouterr().err
    assert call("subscribers", "check-address") == 2
