"""The wheel alone, outside the checkout: the sample workspace comes with it."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from tests.acceptance.nursery import ROOT
from tests.acceptance.sample import DNS, bare_environment


def test_the_wheel_carries_all_that_init_and_check_need(tmp_path: Path) -> None:
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    pip = [sys.executable, "-m", "pip", "--python"]
    run(
        [*pip, sys.executable, "wheel", *quiet, "--no-build-isolation", "--no-cache-dir",
         "--wheel-dir", str(tmp_path), str(ROOT)],
        cwd=tmp_path,
    )  # fmt: skip
    [wheel] = tmp_path.glob("campaigner-*.whl")

    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    run([*pip, str(python), "install", *quiet, str(wheel)], cwd=tmp_path)
    # What campaigner depends on is lent by this test's own environment. Only its folder, without
    # the .pth files in it: the checkout, which one of them names, must not be found.
    [packages] = home.glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")

    place = run([str(python), "-c", "import campaigner; print(campaigner.__file__)"], cwd=tmp_path)
    assert place.startswith(str(packages))
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    command = str(home / "bin" / "campaigner")
    assert "is a workspace" in run([command, "init"], cwd=workspace)
    checked = run([command, "check"], cwd=workspace)
    assert "dns-security-awareness: 8 items, 64 posts in en, es, pt_BR, fr\n" in checked
    assert "#" in run([command, "preview", DNS, "--locale", "fr"], cwd=workspace)


def run(command: list[str], *, cwd: Path) -> str:
    """Run a command that has to succeed; return what it printed."""
    done = subprocess.run(
        command, cwd=cwd, env=bare_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
