"""`python -m duolog` is the command `duolog`."""

from duolog.cli import main

if __name__ == "__main__":  # the workers that `duolog run --workers` starts import this module again
    main()
