"""This module proposes a better spelled query from the index's own vocabulary: "did you mean"."""

import re

from kb.search.index import Index
from kb.tokens import HAN, fold

_WORD = re.compile(rf"[{HAN}]{{2,6}}|[a-z]{{4,}}")


def better_query(index: Index, text: str, unknown: list[str]) -> str:
    """The query with words that no article holds replaced by the nearest known ones; "" when there is none.

    Digits are never touched: another number is another fault.
    """
    folded = fold(text)
    runs = [(m.start(), m.end(), m[0]) for m in _WORD.finditer(folded.text)]
    if not unknown:
        return ""
    missing = fold(" ".join(unknown)).text
    out = text
    for start, end, word in reversed(runs):
        if not (word in missing or any(w in word for w in missing.split())):
            continue
        better = nearest(index, word)
        if better:
            a, b = folded.span(start, end)
            out = out[:a] + better + out[b:]
    return out if out != text else ""


def nearest(index: Index, word: str) -> str:
    """The most frequent known word one change away (two for eight letters and more); "" when none is."""
    reach = 2 if word.isascii() and len(word) >= 8 else 1
    if word.isascii() == bool(re.search(f"[{HAN}]", word)) or len(word) < 2:
        return ""
    best, best_rank = "", (0, 0)
    for candidate, column in index.weights.terms.items():
        if abs(len(candidate) - len(word)) > reach or candidate == word or not _alike(candidate, word):
            continue
        frequency = int(index.weights.text_df[column])
        if not frequency:
            continue
        distance = edit_distance(word, candidate, reach)
        if distance <= reach and (-distance, frequency) > (best_rank if best else (-9, 0)):
            best, best_rank = candidate, (-distance, frequency)
    return best


def _alike(a: str, b: str) -> bool:
    """Cheap test before the distance: same script, and most characters in common."""
    if a.isascii() != b.isascii() or not a.isalpha():
        return False
    return len(set(a) & set(b)) >= min(len(set(a)), len(set(b))) - 1


def edit_distance(a: str, b: str, limit: int) -> int:
    """Optimal string alignment: insertions, deletions, changes and swaps of neighbours; limit + 1 when more.

    Damerau (1964), in the restricted form.
    """
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        two_before, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]
