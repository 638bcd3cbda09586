"""This module tells which products a text is about by the models and names in it: evidence, never a filter."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from kb.model import Token
from kb.text.tokens import Tokenizer

MODEL_KINDS = ("model", "code", "user")


class Products:
    """The products of an index, found by their words. names: as articles write them."""

    def __init__(self, names: Iterable[str], tokenizer: Tokenizer) -> None:
        self._words: dict[str, frozenset[str]] = {}
        self._by_model: dict[str, set[str]] = defaultdict(set)
        for name in names:
            tokens = [t for t in tokenizer.read(name)[1] if not t.part]
            self._words[name] = frozenset(t.term for t in tokens)
            for token in tokens:
                if token.kind in MODEL_KINDS or (token.kind == "number" and len(token.raw) > 2):
                    self._by_model[token.term].add(name)

    def named(self, tokens: Sequence[Token]) -> frozenset[str]:
        """Products of which a text holds the model, as R740, or all words, as Windows 10."""
        terms = {t.term for t in tokens}
        models = (name for term in terms for name in self._by_model.get(term, ()))
        return frozenset([*models, *(name for name, words in self._words.items() if words and words <= terms)])

    def like(self, given: Iterable[str], tokenizer: Tokenizer) -> frozenset[str]:
        """The products that somebody names by themselves, such as the case's: exactly, or as in a text."""
        found = [self.named(tokenizer.read(name)[1]) | ({name} & self._words.keys()) for name in given]
        return frozenset().union(*found)
