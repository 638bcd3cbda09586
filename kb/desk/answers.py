"""This module is the JSON of every answer, for the API and the command line alike: models read from the values.

They describe what comes out of the API, too, and the tests hold the answers to them.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field

from kb import model
from kb.desk.schemas import Answered, ByKey, Facet, Sort, View, told
from kb.search.asking import wording

if TYPE_CHECKING:  # a search must not wait for what measures and builds
    from kb.desk.golden import Outcome as Asked
    from kb.desk.what_if import Effect
    from kb.search import evaluate


class Problem(Answered):
    status: int
    message: str = told("一句话：错在哪、怎样才对", "a sentence: what is wrong and what would be right")
    field: str = told("哪一个参数或键", "which parameter or key", "")


class Error(Answered):
    error: Problem


class Facts(ByKey):
    path: str


class Article(Facts):
    body: str = told("文件头之后的 Markdown", "the Markdown behind the front matter")

    @classmethod
    def of(cls, article: model.Article, body: str) -> Self:
        return cls.model_validate(View(article, body=body))


class Articles(Answered):
    total: int
    page: int
    size: int
    articles: list[Facts]


Span = Annotated[list[int], Field(min_length=2, max_length=2)]
"""The first character of a marked piece, and the one behind it."""


class Snippet(Answered):
    text: str
    spans: list[Span] = told("匹配的字（起，止）", "matched characters (start, end)")


class Match(Answered):
    word: str = told("文章里的写法", "as it stands in the article")
    term: str
    field: str
    kind: str
    score: float
    via: str = told("经由查询里的哪个同义词", "the query's word, when a synonym led here")


class Correction(Answered):
    typed: str
    better: str


class Count(Answered):
    value: str
    count: int


class Share(Answered):
    value: str
    share: float


class Placed(Facts):
    """An article and a place in it."""

    @classmethod
    def view(cls, value: Any) -> Any:
        return View(value, value.article)


class Found(Placed):
    anchor: str = told("最好的一节的锚点", "anchor of the best section")
    heading: list[str]
    score: float = told("能解决的概率，0 到 1", "the probability that it answers, 0 to 1", ge=0, le=1)
    snippet: Snippet
    matches: list[Match] = told("为什么找到它", "why it was found")


class Section(Answered):
    heading: list[str]
    anchor: str


class Hit(Found):
    title_spans: list[Span]
    passages: int = told("命中几段", "passages that match")
    sections: list[Section] = told("其余最好的几节", "the best of its other sections")

    @classmethod
    def view(cls, value: Any) -> Any:
        return View(value, value.article, title=value.article.title, title_spans=value.title.spans)


class Results(Answered):
    query: str
    filters: dict[Facet, list[str]]
    total: int = told("几篇文章", "articles found")
    page: int
    size: int
    sort: Sort
    widened: bool = told("没有全部词都对上的，任一词即可", "not every word was found together, any was enough")
    suggestion: str = told("是不是想搜", "a better spelled query, or empty")
    exact: bool
    corrections: list[Correction]
    notes: list[str]
    hidden: int = told("只因过滤而没有显示的", "articles that only the filters keep away")
    milliseconds: float
    hits: list[Hit]
    facets: dict[Facet, list[Count]]
    search: int | None = told(
        "日志里的号，判定时带上；没有记录时为空", "its row in the log, for a verdict; null when not kept"
    )

    @classmethod
    def of(cls, found: model.Page, search: int | None = None) -> Self:
        query = found.query
        asked = {"query": query.text, "filters": query.filters, "page": query.page, "size": query.size}
        asked |= {"sort": query.sort, "exact": query.exact}
        return cls.model_validate(View(found, milliseconds=round(found.milliseconds, 1), search=search, **asked))


class Completion(Answered):
    kind: Literal["code", "product", "article", "case"]
    text: str
    id: str = told("文章或服务单的编号，别的为空", "number of an article or a case, else empty")
    articles: int = told("几篇文章里有", "articles that hold it")
    address: str = told("通往哪一页", "where it leads")

    @classmethod
    def of(cls, found: model.Completion, address: str) -> Self:
        return cls.model_validate(View(found, id=found.article.id if found.article else "", address=address))


class Completions(Answered):
    query: str
    completions: list[Completion]


class Remembered(Answered):
    helpful: int
    unhelpful: int


class Suggestion(Found):
    fault: int = told("答的是第几个故障，只有一个时为 0", "which of several faults it is about, 0 for one")
    band: Literal["strong", "medium", "weak", "related"]
    fix: str = told("解决一节的 Markdown", "the Markdown that tells what to do")
    fix_anchor: str
    remembered: Remembered | None = told(
        "相近的描述之后得到过几次判定", "how many verdicts it got after similar texts", None
    )
    factor: float = told("回答使它的胜算乘了多少", "what the answers did to its odds")


class Identifier(Answered):
    text: str
    kind: str
    known: int = told("几篇文章里有", "articles that hold it")


class Place(Placed):
    anchor: str
    heading: list[str]
    snippet: Snippet


class Code(Answered):
    text: str = told("最常见的写法", "as most articles write it")
    kind: str
    articles: int = told("几篇文章里有", "articles that hold it")
    places: list[Place] = told("每类文章里最好的几处", "the best places of each kind of article")
    areas: list[Count]
    products: list[Count]
    related: list[Identifier] = told("常一起出现的", "what stands beside it")

    @classmethod
    def view(cls, value: Any) -> Any:
        places = [place for some in value.places.values() for place in some]
        return View(value, articles=value.total, places=places)


class Line(Answered):
    text: str
    explained: bool


class Question(Answered):
    ask: str = told("键，随回答带回", "its key, sent back with the answer")
    kind: str
    value: str
    gain: float = told("预期的信息量（比特）", "bits that the answer is expected to tell")
    articles: list[str]
    text: str

    @classmethod
    def view(cls, value: Any) -> Any:
        return View(value, text=wording(value.ask))


class GivenReply(Answered):
    ask: str
    answer: str
    text: str

    @classmethod
    def view(cls, value: Any) -> Any:
        return View(value, text=wording(value.ask))


class Suggestions(Answered):
    similar: bool = told("有没有足够相似的", "whether anything is similar enough")
    best: float
    suggestions: list[Suggestion]
    faults: list[str] = told("分开回答的几个故障", "the faults of the text that are answered apart")
    related: list[Suggestion] = told("同类主题，未必是同一故障", "of the same topic, perhaps another fault")
    identifiers: list[Identifier]
    areas: list[Share]
    causes: list[Share]
    lines: list[Line]
    questions: list[Question] = told("问了就能分清的问题", "what to ask to tell the suggestions apart")
    answers: list[GivenReply]
    corrections: list[Correction]
    truncated: bool
    milliseconds: float
    search: int | None = told(
        "日志里的号，判定时带上；没有记录时为空", "its row in the log, for a verdict; null when not kept"
    )

    @classmethod
    def of(cls, found: model.Suggestions, search: int | None = None) -> Self:
        similar, took = bool(found.suggestions), round(found.milliseconds, 1)
        return cls.model_validate(View(found, similar=similar, milliseconds=took, search=search))


class Reason(Answered):
    code: str
    text: str


class Word(Answered):
    text: str
    kind: str
    cut: list[str]
    how: str
    written: str
    field: str
    score: float


class Stream(Answered):
    field: str
    tokens: list[tuple[str, bool]]


class Edge(Answered):
    word: str
    theirs: float
    ours: float


class Rival(Placed):
    score: float
    edges: list[Edge]


class Shift(Answered):
    risen: list[str]
    fallen: list[str]
    broken: list[str]
    same: int


class Change(Answered):
    kind: str
    text: str = told("要写的内容", "what to write")
    filters: dict[Facet, list[str]] = told("换成这些过滤", "what to filter by instead", {})
    exact: bool = told("换成只按原文", "whether to take words as typed instead", False)
    rank: int | None = told("改了之后排第几，0 为没有", "its place after the change, 0 for none")
    golden: Shift | None = told("对必中查询的影响", "what becomes of the golden queries")

    @classmethod
    def of(cls, change: model.Change, effect: "Effect | None") -> Self:
        """effect: None where the change was not tried."""
        asked = change.query
        instead = {} if asked is None else {"filters": asked.filters, "exact": asked.exact}
        became = {"rank": effect and effect.rank, "golden": effect and effect.golden}
        return cls.model_validate({"kind": change.kind, "text": change.text, **became, **instead})


class Why(Answered):
    query: str
    filters: dict[Facet, list[str]]
    mode: Literal["search", "suggest"]
    article: Facts
    reason: Reason
    rank: int
    total: int
    standing: int
    score: float
    words: list[Word]
    streams: list[Stream]
    rival: Rival | None
    changes: list[Change]

    @classmethod
    def of(cls, found: model.Why, tried: "Iterable[tuple[model.Change, Effect | None]]") -> Self:
        """tried: each change with its effect."""
        changes = [Change.of(change, effect) for change, effect in tried]
        return cls.model_validate(View(found, query=found.query.text, filters=found.query.filters, changes=changes))


class Finding(Answered):
    path: str
    line: int = told("文件的第几行，0 为整个文件", "line of the file, 0 for the whole")
    level: Literal["error", "warning"]
    message: str
    code: str = told("给程序看的：错的是什么", "what is wrong, for a program", "")
    key: str = told("文件头的哪个键，没有时为空", "the key of the front matter it is about, or empty", "")
    section: str = told("哪一节，如 symptom，没有时为空", "the section it is about, as symptom, or empty", "")


class Findings(Answered):
    errors: int
    warnings: int
    problems: list[Finding]


class Rendered(Answered):
    title: str
    html: str = told("和文章页同样的 HTML", "the same HTML as on the article's page")


class Source(Answered):
    path: str
    digest: str = told("这一版的摘要，保存时放进 If-Match", "of this version, for If-Match when it is saved")
    text: str = told("整个文件", "the whole file")


class Saved(Answered):
    id: str
    path: str
    digest: str
    notes: list[str] = told("已保存，但还有什么没做成", "what has not worked out beside; it is saved all the same")


class Kept(Answered):
    id: int = told("撤回时用", "for taking it back")


class MeaningState(Answered):
    encoder: str = told("编码器；空为不按语义搜索", "the encoder; empty when nothing is searched by meaning")
    passages: int = told("有语义向量的段落", "passages that have a vector of meaning")
    reason: str = told("不用时的原因", "why there is none")


class BackupState(Answered):
    made: datetime | None = told("最近一次备份", "when the base was backed up last")
    drilled: datetime | None = told("最近一次成功的演练", "when a backup was proved last")
    failed: datetime | None = told("此后失败的演练", "when a drill failed since")


class OutboxState(Answered):
    waiting: int | None = told("等着发的通知与邮件", "messages that wait to be sent")
    stuck: int | None = told("一小时还没发出的", "those that wait for over an hour")
    failed: int | None = told("不再重试的，见 kb outbox", "those that are tried no more, see kb outbox")


class FinderState(Answered):
    name: str = told("embedded 或 opensearch", "embedded or opensearch")
    state: str = told(
        "ok；集群为 green、yellow 或 read-only（能搜，不能更新）",
        "ok; of a cluster green, yellow or read-only (no saves)",
    )


class Health(Answered):
    status: Literal["ok"]
    version: str
    articles: int
    passages: int
    built: str
    engine: FinderState
    meaning: MeaningState
    database: Literal["ok", "unavailable"] = told(
        "数据库：用不了时搜索照常，判定、草稿、历史存不了",
        "without it searching goes on, and verdicts, drafts and the history can't be kept",
    )
    backup: BackupState
    outbox: OutboxState


class Unhealthy(Answered):
    status: Literal["unavailable"]
    version: str
    reason: str


# --- what articles have in common ------------------------------------------------------------


class Named(Answered):
    id: str
    path: str
    title: str


class Pair(Answered):
    first: Named
    second: Named
    kind: Literal["text", "fault"] = told("同文或同一故障", "the same text or the same fault")
    sure: float
    overlap: float
    names: list[str] = told("两篇都有的标识", "identifiers that both hold")
    words: list[str] = told("两个标题都说的", "what both titles say")


class Synonym(Answered):
    left: str
    right: str
    how: str
    score: float
    line: str = told("接受或拒绝时带上", "sent along to accept or refuse it")
    evidence: list[tuple[str, str]] = told("文章与原文", "article, and where the words stand in it")


# --- what is measured ------------------------------------------------------------------------


class Outcome(Answered):
    """What became of a golden query."""

    query: str
    mode: Literal["search", "suggest"]
    articles: list[str]
    within: int
    line: int
    rank: int
    holds: bool
    found: list[str]
    missing: list[str]

    @classmethod
    def view(cls, value: Any) -> Any:
        return View(value, value.golden)


class Outcomes(Answered):
    queries: int
    held: int
    first: int
    outcomes: list[Outcome]

    @classmethod
    def of(cls, outcomes: "Iterable[Asked]") -> Self:
        each = list(outcomes)
        held, first = sum(o.holds for o in each), sum(o.rank == 1 for o in each)
        return cls.model_validate(View(queries=len(each), held=held, first=first, outcomes=each))


def measured(found: "evaluate.Measured") -> dict[str, Any]:
    """What was measured on a judged set, whose figures have names of their own. silence: shares of texts by band."""
    return {
        **found.figures,
        "intervals": {name: list(bounds) for name, bounds in found.intervals.items()},
        "lengths": [
            {
                "length": g.name,
                "queries": g.queries,
                **g.figures,
                "intervals": {name: list(bounds) for name, bounds in g.intervals.items()},
            }
            for g in found.groups
        ],
        "silence": {
            kind: {
                "texts": s.texts,
                "bands": {band: round(n / s.texts, 4) for band, n in s.bands.items()},
                **({"right": round(s.right / s.texts, 4)} if kind == "answerable" else {}),
            }
            for kind, s in found.silence.items()
        },
    }


def compared(found: "evaluate.Comparison", texts: Mapping[str, str]) -> dict[str, Any]:
    """Two runs compared. texts: query -> what it asks, where that is known."""
    return {
        "ndcg10": {"before": round(found.before, 4), "after": round(found.after, 4), "mean": round(found.mean, 4)},
        "interval": list(found.interval),
        "risen": [{**m._asdict(), "text": texts.get(m.query, "")} for m in found.risen],
        "fallen": [{**m._asdict(), "text": texts.get(m.query, "")} for m in found.fallen],
        "same": found.same,
    }
