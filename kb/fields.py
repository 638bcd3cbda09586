"""This module holds the fields and weights: the one schema that writer, engine and ranking read.

Each number has its reason; the figures are nDCG@10 on three judged sets of fault descriptions
(BENCHMARKS.md says which and how to run them): issues / FAQ / English questions.
"""

from typing import NamedTuple


class Field(NamedTuple):
    """A field one can ask for as name:value.

    how: text (words, phrases), exact (one of a few values), date. aliases: other names people type.
    """

    name: str
    how: str
    aliases: tuple[str, ...]


FIELDS: tuple[Field, ...] = (
    Field("title", "text", ("标题",)),
    Field("heading", "text", ("章节",)),
    Field("alias", "text", ("aliases", "别名")),
    Field("code", "text", ("代码",)),
    Field("text", "text", ("正文", "body")),
    Field("product", "text", ("产品",)),
    Field("tag", "text", ("tags", "标签")),
    Field("part", "text", ("parts", "备件")),
    Field("version", "text", ("versions", "版本")),
    Field("owner", "text", ("负责", "负责人")),
    Field("id", "text", ("编号",)),
    Field("kind", "exact", ("类型",)),
    Field("area", "exact", ("领域",)),
    Field("cause", "exact", ("原因",)),
    Field("handling", "exact", ("处理", "处理方式")),
    Field("severity", "exact", ("级别", "priority")),
    Field("status", "exact", ("状态",)),
    Field("created", "date", ("创建",)),
    Field("updated", "date", ("更新",)),
    Field("review_after", "date", ("复审", "review")),
)

BY_NAME = {name: f for f in FIELDS for name in (f.name, *f.aliases)}

TEXT_WEIGHT = 1.0
"""Words of title, headings, aliases and body together, BM25."""
BM25_K1 = 1.5
"""Term frequency saturation. Long technical passages repeat their topic: 1.2 costs 0.005 on the FAQ set."""
BM25_B = 0.9
"""Length normalisation. Manual sections differ in length by a factor of 100: 0.7 costs 0.02 on issues and FAQ."""

TITLE_WEIGHT = 1.0
"""The title, heading path and aliases once more as their own field: 0.592 / 0.536 / 0.781 at 0.4,
0.647 / 0.536 / 0.799 at 1.0."""
TITLE_K1 = 1.2
TITLE_B = 0.5
"""A title is short by nature; full normalisation would punish a precise one."""

PAIR_WEIGHT = 0.25
"""Neighbouring words written together stand for phrases: 0.633 / 0.528 / 0.794 at 0.1, 0.633 / 0.541 / 0.791 at 0.3."""
PART_WEIGHT = 0.5
"""A part of an identifier (ora of ORA-01653), in text and query: says less than the whole: +0.01 on issues and FAQ."""
QUERY_K1 = 1.0
"""Saturation of words repeated in the query: a log repeats its noise. 0.3 costs 0.04 on issues, 3 changes nothing."""
CODE_WEIGHT = 1.5
"""An error code in the query counts for more than a word as rare."""
SYNONYM_WEIGHT = 0.7
"""A synonym of a query word counts for less than the word itself."""

SHORT_QUERY = 40
"""Tokens. In a short question "how do I" and 怎么 say something; in a log they are noise: 0.014 on issues."""
STOP_WEIGHT_CHINESE = 0.6
STOP_WEIGHT_LATIN = 0.2
"""Of stop words in a short query. FAQ 0.552 -> 0.557 by the Chinese ones, English questions 0.803 -> 0.808."""

STOP_WORDS = frozenset(
    """
    的 了 是 在 和 我 有 不 吗 呢 啊 就 都 也 这 那 个 吧 呀 嘛 被 把 让 给 对 与 及 或 而 但 很 请 请问 您好
    你好 谢谢 怎么 怎么办 怎样 如何 什么 为什么 为何 哪里 一个 一下 我们 你们 您 你 他 它 上 下 中 里 后 前 时
    会 能 可以 the a an is are was were be of to in on and or for i my me it its this that how do does did can
    could what why when where which with at by from as you your we our has have had not no there if then so
    """.split()
)
"""Never required of an article and never marked, unless a query has nothing else."""
