"""The list of commands, which answers at once: it needs the file of none of them."""

import subprocess
import sys

import pytest

from campaigner.cli import COMMANDS
from tests.cli.test_strategy import run


def test_the_list_names_every_command_in_the_order_of_a_days_work(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--help") == 0
    _, _, listed = capsys.readouterr().out.partition("Commands:\n")
    assert [line.split()[0] for line in listed.splitlines()] == list(COMMANDS)


def test_the_list_is_written_without_what_the_commands_need() -> None:
    program = (
        "import sys\n"
        "from campaigner.cli import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "finally:\n"
        "    print(sorted({'sqlalchemy', 'pydantic', 'babel', 'httpx'} & set(sys.modules)))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines()[-1] == "[]"


def test_a_command_that_is_none_is_a_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("quue") == 2
    assert "No such command 'quue'" in capsys.readouterr().err
