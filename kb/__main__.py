"""This module starts the command line in the user's language: `kb`, or `python -m kb`."""

import contextlib
import sys
from itertools import pairwise

from kb.errors import KbError
from kb.language import use
from kb.settings import load


def main() -> None:
    use(asked(sys.argv[1:]))
    from kb.cli import cli  # its help texts are written in the language of that moment

    cli()


def asked(words: list[str]) -> str:
    """The language of a command line, before it is read: of --language, else of the settings."""
    for option, value in pairwise([*words, ""]):
        if option == "--language":
            return value
        if option.startswith("--language="):
            return option.partition("=")[2]
    with contextlib.suppress(KbError):  # the command itself will say what is wrong with the settings
        return load().language
    return "zh"


if __name__ == "__main__":
    main()
