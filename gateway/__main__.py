"""`python -m gateway` is the `inbox` command."""

from gateway.cli import main

main()
