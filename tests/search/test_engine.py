"""The contract of kb.search.engine and kb.search.backend: what any engine answers, asked of each by its name.

What is expected is data: tests/engine/contract.yml. An engine is a row of kb.search.engine.ENGINES.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import clusters
import pytest
import yaml

from kb.desk import publishing
from kb.errors import BundleError, NotFoundError
from kb.model import Criterion, Query, Verdict, Where
from kb.model.sight import EVERYTHING, Sight
from kb.search.backend import Backend, Publisher
from kb.search.engine import ENGINES, Engine, Engines, engines
from kb.search.query import Enough, Near, Term, parse
from kb.settings import Settings, load

CONTRACT: dict[str, Any] = yaml.safe_load((Path(__file__).parents[1] / "engine" / "contract.yml").read_text("utf8"))


def chosen(name: str) -> dict[str, Any]:
    """The settings of an engine by its name; a base in the cluster has a name of its own there."""
    if name == "embedded":
        return {"engine": name}
    clusters.require()
    nodes = list(clusters.shared("one", 1).addresses)
    own = {"opensearch_index": f"t{uuid4().hex}", "opensearch_replicas": 0}
    return {"engine": name, "opensearch": nodes, **own}


class Base(NamedTuple):
    """A published base of the contract's articles."""

    settings: Settings
    engines: Engines

    @property
    def engine(self) -> Engine:
        return self.engines.in_force()

    @property
    def backend(self) -> Backend:
        found: Backend = self.engine.backend  # type: ignore[attr-defined]
        return found

    @property
    def publisher(self) -> Publisher:
        return publishing

    def write(self, path: str, text: str) -> None:
        place = self.settings.articles / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf8")


def made(name: str, folder: Path) -> Base:
    options = {"articles": folder / "articles", "workers": 1, "trade_words": False, "encoder": "off"}
    settings = load(options | chosen(name), folder)
    base = Base(settings, engines(settings))
    for path, text in CONTRACT["articles"].items():
        base.write(path, text)
    base.publisher.build(settings)
    return base


@pytest.fixture(scope="module", params=sorted(ENGINES))
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Base:
    """A base that no test changes."""
    return made(request.param, tmp_path_factory.mktemp("engine"))


@pytest.fixture(params=sorted(ENGINES))
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Base:
    """A base of the test's own."""
    return made(request.param, tmp_path)


def cases(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", CONTRACT[kind], ids=lambda case: str(next(iter(case.values()))))


# --- the door --------------------------------------------------------------------------------


@cases("search")
def test_search(base: Base, case: dict[str, Any]) -> None:
    """Words, phrases, fields, patterns and filters find these articles, and the counts agree with them."""
    filters = {name: tuple(values) for name, values in case.get("filters", {}).items()}
    page = base.engine.search(Query(case["query"], filters))
    assert sorted(hit.article.id for hit in page.hits) == case["found"]
    assert page.total == len(case["found"]) == sum(n for _, n in page.facets["kind"])


@cases("suggest")
def test_suggest(base: Base, case: dict[str, Any]) -> None:
    """A paste is answered by its article, with the fix, or by nothing."""
    found = base.engine.suggest(case["text"]).suggestions
    assert (found[0].article.id if found else None) == case["first"]
    assert all(s.fix and s.matches for s in found)


@cases("complete")
def test_complete(base: Base, case: dict[str, Any]) -> None:
    """What is typed is completed by an identifier, a product, an article."""
    first = base.engine.complete(case["typed"], 8)[0]
    assert [first.kind, first.text] == case["first"]


@cases("identifier")
def test_identifier(base: Base, case: dict[str, Any]) -> None:
    """An identifier in any spelling has a page of the articles that hold it and are shown."""
    token = base.engine.identifier(case["text"])
    assert (token is None) == (case["articles"] is None)
    if token is not None:
        page = base.engine.identifier_page(token)
        assert page is not None
        assert sorted(p.article.id for some in page.places.values() for p in some) == case["articles"]


@pytest.mark.parametrize("facet", CONTRACT["counts"])
def test_counts(base: Base, facet: str) -> None:
    """A facet counts what is shown; drafts only where they are asked for."""
    assert dict(base.engine.counts(facet)) == CONTRACT["counts"][facet]
    hidden = sum(n for _, n in base.engine.counts("status", hidden=True))
    assert (base.engine.total(), hidden) == (4, 5)


@cases("due")
def test_due(base: Base, case: dict[str, Any]) -> None:
    """Reviews between two days, earliest first, and no more than were asked for."""
    found = base.engine.due(case.get("after"), case["until"], 9)
    assert [a.id for a in found] == case["found"]
    assert base.engine.due(case.get("after"), case["until"], 1) == found[:1]


@cases("retrieve")
def test_retrieve(base: Base, case: dict[str, Any]) -> None:
    """Conditions on what is known of articles, each alone or combined."""
    criteria = tuple(Criterion(**{**c, "texts": tuple(c.get("texts", ()))}) for c in case["where"])
    where = Where({}, criteria, case.get("any", False))
    assert sorted(r.article.id for r in base.engine.retrieve(case["text"], 9, where)) == case["found"]


def test_articles(base: Base) -> None:
    """An article is known by its number and its path; its body is its own; what is not there is told."""
    engine = base.engine
    by_number, by_path = engine.article("kb-000003"), engine.article("network/switch.md")
    assert by_number == by_path
    assert "LINK-3-UPDOWN" in engine.body(by_path)
    assert sorted(a.id for a in engine.articles()) == [f"KB-00000{i}" for i in range(1, 6)]
    assert [a.id for a in engine.newest(2)] == ["KB-000003", "KB-000002"]
    assert [a.id for a in engine.in_state("draft", 9)] == ["KB-000005"]
    with pytest.raises(NotFoundError, match="KB-000009"):
        engine.article("KB-000009")


def test_why(base: Base) -> None:
    """An article that a word keeps away is told of it, and the rank agrees with the search."""
    engine = base.engine
    query, article = Query("打印机 清洁"), engine.article("KB-000002")
    assert engine.why(query, article).reason.code == "missing"
    assert engine.rank_of(query, article, "search") == 0
    assert engine.rank_of(query, engine.article("KB-000001"), "search") == 1
    assert engine.why(query, engine.article("KB-000005")).reason.code == "status"


def test_overviews(base: Base) -> None:
    """A product by any letter case, its page, and areas by causes."""
    engine = base.engine
    name = engine.product("hp laserjet p3015")
    assert name == "HP LaserJet P3015"
    assert engine.product_page(name).total == 2
    assert ("HP LaserJet P3015", 2) in engine.products_like("laserjet 4")
    columns, rows = engine.crossed("area", "cause")
    table = {row.value: dict(zip(columns, row.counts, strict=True)) for row in rows}
    assert table["printer"] == {"configuration": 1, "hardware": 1}


def test_words(base: Base) -> None:
    """Terms as the index cuts them: how often, how telling, where to mark."""
    engine = base.engine
    (term,) = [t.term for t in engine.tokens("ORA-01653") if not t.part]
    assert engine.frequency(term) == 2
    vector = engine.vector("打印机 卡纸")
    assert sum(w * w for w in vector.values()) == pytest.approx(1)
    text = "面板显示卡纸"
    assert [text[a:b] for a, b in engine.marker("卡纸")(text)] == ["卡纸"]


def test_remembered_verdicts(base: Base) -> None:
    """What helped with a text is suggested for one like it, though they share no word with the article."""
    engine, text = base.engine, "三楼的老古董又把文件嚼碎了"
    assert not engine.suggest(text).suggestions
    remembered = engine.remember([Verdict(text, "KB-000001", "helpful")])
    assert engine.suggest(f"{text}，快来", remembered=remembered).suggestions[0].article.id == "KB-000001"


def test_changes_aside(base: Base, tmp_path: Path) -> None:
    """Synonyms, hidden articles and a copy of the build are tried without touching the engine in force."""
    engine, query = base.engine, Query("吃草稿纸")
    assert engine.search(query).total == 0
    widened = engine.with_synonyms("吃草稿纸 => 卡纸")
    assert [h.article.id for h in widened.search(query).hits] == ["KB-000001"]
    assert engine.search(query).total == 0
    without = engine.without(["printer/jam.md"])
    assert without.search(Query("卡纸")).total == 0
    assert engine.search(Query("卡纸")).total == 1
    aside = replace(base.settings, index=tmp_path / "index", engine="embedded")
    aside.index.mkdir()
    engine.copied(aside.index)
    publishing.build(aside)
    assert engine.opened(aside.index).search(Query("卡纸")).total == 1


def test_who_sees_a_part(own: Base) -> None:
    """An engine for who sees some articles answers as one of a base without the others, and stays the same one."""
    secret = CONTRACT["articles"]["printer/jam.md"].replace("KB-000001", "KB-000099").replace("搓纸轮", "光导鼓")
    own.write("printer/secret.md", secret.replace("---\n", "---\naudience: team:red\n", 1))
    own.publisher.update(own.settings, ["printer/secret.md"])
    whole, sight = own.engine, Sight(audiences=frozenset({"internal"}))
    part = whole.seen_by(sight)
    assert part is whole.seen_by(Sight(audiences=frozenset({"internal"})))
    assert whole.seen_by(EVERYTHING) is whole
    assert whole.seen_by(Sight(audiences=frozenset({"internal", "team:red"}))) is whole
    assert (whole.frequency("光导鼓") > 0, part.frequency("光导鼓")) == (True, 0)
    assert [e.search(Query("光导鼓")).total for e in (whole, part)] == [1, 0]
    assert part.total() == whole.total() - 1
    assert part.build().articles == whole.build().articles - 1
    assert dict(part.counts("audience", hidden=True)).keys() == {"internal"}
    assert "KB-000099" not in [s.article.id for s in part.suggest("打印机卡纸，光导鼓").suggestions]
    with pytest.raises(NotFoundError):
        part.article("KB-000099")
    assert part.search(Query("光导股")).suggestion == ""


# --- builds ----------------------------------------------------------------------------------


def test_following(own: Base) -> None:
    """The same engine until something is published; who has the old one keeps its answers."""
    old = own.engine
    assert own.engine is old
    own.write("printer/jam.md", CONTRACT["articles"]["printer/jam.md"].replace("搓纸轮", "分离爪"))
    own.publisher.update(own.settings, ["printer/jam.md"])
    new = own.engine
    assert new is not old
    assert [e.search(Query("分离爪")).total for e in (old, new)] == [0, 1]
    assert [e.search(Query('"搓纸轮"')).total for e in (old, new)] == [1, 0]


def test_an_article_comes_and_goes(own: Base) -> None:
    """A small change adds and removes; a full build says the same."""
    own.write("new.md", "---\nid: KB-000006\nkind: manual\ntitle: 投影仪维护\n---\n\n清洁投影仪的滤网。\n")
    (own.settings.articles / "printer" / "slow.md").unlink()
    own.publisher.update(own.settings, ["new.md", "printer/slow.md"])
    for _ in range(2):
        engine = own.engine
        assert engine.build().articles == 5
        assert [h.article.id for h in engine.search(Query("滤网")).hits] == ["KB-000006"]
        with pytest.raises(NotFoundError):
            engine.article("KB-000002")
        own.publisher.build(own.settings, full=True)


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_nothing_built(name: str, tmp_path: Path) -> None:
    """Before the first build there is no engine, and that is said."""
    with pytest.raises(BundleError):
        engines(load(chosen(name), tmp_path)).in_force()


# --- inside ----------------------------------------------------------------------------------


@cases("conditions")
def test_conditions(base: Base, case: dict[str, Any]) -> None:
    """Phrases, patterns, fields and ranges, combined: they decide what candidates there are, and how many articles."""
    backend, node = base.backend, parse(case["query"]).root
    assert backend.count(node) == len(case["found"])
    statuses = backend.facet_counts(["status"], node)["status"]
    assert sum(n for _, n in statuses) == len(case["found"])
    terms = {t.term: 1.0 for path in CONTRACT["articles"].values() for t in base.engine.tokens(path)}
    found = {backend.article(c.article).id for c in backend.candidates(terms, 99, node)}
    assert sorted(found) == case["found"]


@cases("candidates")
def test_candidates(base: Base, case: dict[str, Any]) -> None:
    """Weighted terms rank passages; each says what its parts add, and twice the weights are twice the score."""
    backend = base.backend
    weights = {t.term: float(w) for word, w in case["words"].items() for t in base.engine.tokens(word) if not t.part}
    where = parse(case["where"]).root if "where" in case else None
    found = backend.candidates(weights, 3, where)
    assert (backend.article(found[0].article).id if found else None) == case["first"]
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    assert all(backend.passage(c.passage).text for c in found)
    double = backend.candidates({t: 2 * w for t, w in weights.items()}, 3, where)
    assert [c.passage for c in double] == [c.passage for c in found]
    assert [c.score for c in double] == pytest.approx([2 * c.score for c in found])


@cases("facets")
def test_facet_counts(base: Base, case: dict[str, Any]) -> None:
    """Facets are counted among the articles for which a condition holds."""
    expected = {name: values for name, values in case.items() if name != "query"}
    found = base.backend.facet_counts(expected, parse(case["query"]).root)
    assert {name: dict(values) for name, values in found.items()} == expected


def test_statistics(base: Base) -> None:
    """Document frequencies count passages in force or not; what is rarer tells more, and the unknown most."""
    backend, engine = base.backend, base.engine
    terms = [next(t.term for t in engine.tokens(word) if not t.part) for word in ("打印机", "搓纸轮", "量子力学")]
    dfs, idfs = backend.dfs(terms), backend.idfs(terms)
    assert dfs == [2, 1, 0]
    assert list(idfs) == terms
    assert idfs[terms[0]] < idfs[terms[1]] <= idfs[terms[2]]
    assert [backend.count(Term(term)) for term in terms] == dfs
    assert backend.counts([Term(term) for term in terms]) == dfs
    both = Enough((Term(terms[0]), Term(terms[1])), (1.0, 2.0), 3.0)
    assert backend.counts([both, replace(both, least=1.0), Near("打印机", 0.5, 9)]) == [1, 2, 0]


def test_texts(base: Base) -> None:
    """Passages, articles and bodies by their numbers."""
    backend = base.backend
    number = backend.number_of("KB-000001")
    assert backend.article(number).path == "printer/jam.md"
    assert "搓纸轮" in backend.body(number)
    assert isinstance(backend.article(number).updated, date)
