"""`python -m cli` is `tenure`."""

from cli import main

if __name__ == "__main__":  # worker processes of a replay import this module again
    main()
