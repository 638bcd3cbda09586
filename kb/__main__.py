"""This module starts the command line in the user's language: `kb`, or `python -m kb`."""

import contextlib
import os

# Sums are short, and a site's processes share the work: threads that wait for each other's products cost processor
# time that others need. It must be known before arrays are loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

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
