"""This module starts the command line in the user's language: `kb`, or `python -m kb`."""

import contextlib

from kb.errors import KbError
from kb.language import use
from kb.settings import load


def main() -> None:
    with contextlib.suppress(KbError):  # the command itself will say what is wrong with the settings
        use(load().language)
    from kb.cli import cli  # its help texts are written in the language of that moment

    cli()


if __name__ == "__main__":
    main()
