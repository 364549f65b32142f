"""`python -m flows` is `pccp`."""

from flows.cli import main

if __name__ == "__main__":
    main()
