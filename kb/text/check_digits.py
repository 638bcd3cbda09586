"""This module answers which digit makes a number checkable.

By H. Michael Damm, Total anti-symmetrische Quasigruppen, 2004: it notices every single wrong digit, and every two
neighbours that changed places.
"""

_TABLE = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
"""A quasigroup without symmetry: x*y = y*x and (c*x)*y = (c*y)*x for x = y alone, and x*x = 0."""


def check_digit(digits: str) -> str:
    """The digit to put behind these; what is no digit does not count."""
    interim = 0
    for digit in digits:
        if digit.isascii() and digit.isdigit():
            interim = _TABLE[interim][int(digit)]
    return str(interim)


def checks(digits: str) -> bool:
    """Whether the last digit is the one that belongs behind the others."""
    return check_digit(digits) == "0"
