"""The real daemon, with a clock that is ahead of the machine's by so many seconds.

`python -m tests.acceptance.daemon_ahead SECONDS`: what an hour of waiting
would do, a test does by starting the next daemon further ahead.
"""

import sys
from datetime import timedelta

from campaigner.app import App, utc_now
from campaigner.cli.logs import LogFormat, log_to_stderr
from campaigner.daemon import run_daemon
from campaigner.settings import load_settings

if __name__ == "__main__":
    ahead = timedelta(seconds=float(sys.argv[1]))
    log_to_stderr(LogFormat.JSON)
    run_daemon(App(load_settings(), clock=lambda: utc_now() + ahead))
