"""`python -m campaigner`."""

from campaigner.cli import main

main()
