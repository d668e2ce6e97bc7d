"""`python -m cli` is `tenure`."""

from cli import main

main()
