"""This module says which passages a condition of a query holds for, of all passages at once."""

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kb.search.query import And, Node, Not, Or, Pattern, Phrase, Range, Term, Value

if TYPE_CHECKING:
    from kb.search.index import Index

Mask = NDArray[np.bool_]


def holding(index: "Index", node: Node) -> Mask:
    """Passages for which a condition holds, also those of articles that are not in force where it is a negation."""
    match node:
        case Term(term):  # first: a paste asks for hundreds
            mask = np.zeros(index.weights.passages, bool)
            mask[index.weights.column(term)[0]] = True
            return mask
        case And(children):
            return all_of([holding(index, child) for child in children])
        case Or(children):
            return any_of([holding(index, child) for child in children])
        case Not(child):
            return ~holding(index, child)
        case Phrase():
            return index.fulltext.phrase(node)
        case Pattern():
            return index.fulltext.pattern(node)
        case Range(field, low, high):
            return index.over_passages(index.between(field, low, high))
        case Value(field, value):
            return index.over_passages(index.facets[field].having([value]))
    raise TypeError(f"{node} is no condition: which words are enough is the ranking's")


def all_of(masks: list[Mask]) -> Mask:
    """Passages that are in each of some masks, at least one."""
    return reduce(np.logical_and, masks)


def any_of(masks: list[Mask]) -> Mask:
    """Passages that are in one of some masks, at least one."""
    return reduce(np.logical_or, masks)
