"""This module answers how good the retrieval is, and whether it rose or fell: eval."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.cli.common import (
    FILE,
    NOTHING,
    command,
    fill_meaning,
    json_option,
    listed,
    note,
    one_line,
    open_engine,
    print_json,
)
from kb.errors import InputError
from kb.labels import LABELS, label
from kb.language import say
from kb.model import Verdict
from kb.settings import OFF, Settings

if TYPE_CHECKING:
    from kb.search.engine import Engine
    from kb.search.evaluate import Measured

_Run = dict[str, list[tuple[str, float]]]


@command(
    """评测检索质量。不给文件夹时运行必中查询（articles/golden.yml），有一条不合格则退出码为 1；
    给评测集文件夹时量 nDCG@10、MRR@10、S@1、S@3、R@10（各带 95 % 区间）与时间，分短、中、长查询，
    并量没有答案时给不给建议：把答案藏起来再问，以及查询旁边的 unanswerable.jsonl（若有）。
    评测集的文档按 Markdown 文件处理；编号 page.md#3 表示它是 page.md 的一段，否则自成一页。

    \b
    例：kb eval                                     # 必中查询，用现有的索引
        kb eval --run 之前.trec                     # 存下结果，改过之后再比
        kb eval --against 之前.trec
        kb eval 评测集文件夹 --json                 # corpus.jsonl、queries.jsonl、qrels.tsv
        kb eval 评测集文件夹 --mode search --run 结果.trec
        kb eval 评测集文件夹 --compare 之前.trec 之后.trec
        kb eval 评测集文件夹 --verdicts 判定.jsonl  # 记住这些判定，对其余的查询有没有帮助
        kb eval --articles 文件夹 --queries 查询.jsonl --qrels 判定.tsv
    """,
    """Measure search quality. Without a folder the golden queries (articles/golden.yml) are run, and one that fails
    makes the exit code 1; of a judged set: nDCG@10, MRR@10, S@1, S@3, R@10, each with its 95 % interval, and times;
    for short, medium and long queries; and what is suggested where nothing answers: with the answers hidden, and
    for unanswerable.jsonl (id, text) beside the queries, if it is there. A document is taken as a Markdown file:
    page.md#3 is a piece of page.md, any other a page of its own.

    \b
    Example: kb eval                                # golden queries, on the index in force
             kb eval --run before.trec              # keep the run, compare after a change
             kb eval --against before.trec
             kb eval FOLDER --json                  # corpus.jsonl, queries.jsonl, qrels.tsv
             kb eval FOLDER --mode search --run run.trec
             kb eval FOLDER --compare before.trec after.trec
             kb eval FOLDER --verdicts verdicts.jsonl   # does remembering them help the other queries?
             kb eval --articles FOLDER --queries queries.jsonl --qrels qrels.tsv
    """,
)
@click.argument("folder", required=False, type=FILE, metavar="[DIR]")
@click.option("--mode", type=click.Choice(["suggest", "search"]), default="suggest",
              help=say("评测集怎么问", "how a judged set is asked"))  # fmt: skip
@click.option("--queries", type=FILE, metavar="FILE", help="queries.jsonl: id, text")
@click.option("--qrels", type=FILE, metavar="FILE", help="qrels.tsv: query, document, grade")
@click.option("--run", "run_file", type=FILE, metavar="FILE", help=say("写出 TREC 结果", "write a TREC run"))
@click.option("--against", type=FILE, metavar="FILE", help=say("与以前的结果逐条比较", "compare with an earlier run"))
@click.option("--compare", "runs", type=FILE, nargs=2, metavar="A B",
              help=say("不运行，只比较两份结果", "run nothing, compare two runs"))  # fmt: skip
@click.option("--verdicts", type=FILE, metavar="FILE",
              help=say("判定记录，每行 text、article、verdict：比较记住它们与不记住",
                       "verdicts, a line each: text, article, verdict: compare with and without them"))  # fmt: skip
@json_option
def eval_(
    chosen: Settings,
    folder: Path | None,
    mode: str,
    queries: Path | None,
    qrels: Path | None,
    run_file: Path | None,
    against: Path | None,
    runs: tuple[Path, Path] | None,
    verdicts: Path | None,
    as_json: bool,
) -> None:
    from kb.desk import answers
    from kb.search import evaluate

    if verdicts is not None and (mode == "search" or against is not None or runs or not (folder or queries)):
        raise click.UsageError(
            say(
                "--verdicts 要有评测集，只用于 suggest，自己与不记住时比较（不和 --against、--compare 一起用）",
                "--verdicts needs a judged set, is about suggest, and compares by itself: without --against, --compare",
            )
        )
    if folder is not None:
        queries, qrels = queries or folder / "queries.jsonl", qrels or folder / "qrels.tsv"
    earlier = evaluate.read_run(against) if against is not None else None
    if runs:
        before, after = map(evaluate.read_run, runs)
        _print_comparison(chosen, before, after, queries, qrels, as_json)
        return
    if queries is None and qrels is None:
        _eval_golden(chosen, run_file, earlier, as_json)
        return
    if queries is None or qrels is None:
        raise click.UsageError(
            say("--queries 与 --qrels 要一起给", "--queries and --qrels go together"),
        )
    with _aside(chosen, folder) as (engine, built):
        asked, judged = evaluate.read_lines(queries, ("id", "text")), evaluate.read_qrels(qrels)
        if verdicts is not None:
            earlier, run = _with_and_without(engine, asked, judged, evaluate.read_verdicts(verdicts))
        elif earlier is not None:
            run = evaluate.evaluate(engine, asked, judged, mode)[1]
        else:
            measured = evaluate.measure(engine, asked, judged, mode, _unanswerable(queries))
            run = measured.run
    if run_file is not None:
        evaluate.write_run(run_file, run)
    if earlier is not None:
        _print_comparison(chosen, earlier, run, queries, qrels, as_json)
    elif as_json:
        print_json({"mode": mode, **answers.measured(measured), **built})
    else:
        _print_measured(measured, built)


@contextmanager
def _aside(chosen: Settings, folder: Path | None) -> Iterator[tuple["Engine", dict[str, float]]]:
    """An engine of a judged set's documents, or of the articles, that is gone afterwards, and what is said of it."""
    from kb.desk import publishing
    from kb.indexer.build import build as build_index
    from kb.indexer.build import build_documents
    from kb.indexer.meaning import lend
    from kb.search import evaluate
    from kb.search.engine import engines

    with tempfile.TemporaryDirectory(prefix="kb-eval-") as temporary:
        aside = replace(chosen, index=Path(temporary))
        if folder is not None:
            report = build_documents(aside, evaluate.read_documents(folder))
        else:
            report = build_index(aside, full=True)
            for problem in report.problems:
                note(problem)
        built = {"build_s": round(report.seconds, 2), "passages": report.passages, "documents": report.articles}
        if chosen.encoder != OFF and chosen.index.is_dir():
            lend(chosen.index, aside.index)  # what was encoded once need not be again when a set is measured next
        built["vectors"] = fill_meaning(aside).texts
        with publishing.aside(aside) as measured:
            yield engines(measured).in_force(), built


def _with_and_without(
    engine: "Engine", queries: list[dict[str, Any]], qrels: dict[str, dict[str, int]], verdicts: list[Verdict]
) -> tuple[_Run, _Run]:
    """The runs without and with remembered verdicts.

    A query that was remembered word for word proves nothing and is left out.
    """
    from kb.search import evaluate

    heard = {v.text.strip() for v in verdicts}
    asked = [q for q in queries if str(q["text"]).strip() not in heard]
    if len(asked) < len(queries):
        note(say("{n} 条查询的原文就在判定里，不计", "{n} queries are themselves among the verdicts and do not count",
                 n=len(queries) - len(asked)))  # fmt: skip
    without = evaluate.evaluate(engine, asked, qrels)[1]
    return without, evaluate.evaluate(engine, asked, qrels, remembered=engine.remember(verdicts))[1]


def _unanswerable(queries: Path) -> list[dict[str, Any]]:
    """The texts that nothing answers, when there are such beside the queries."""
    from kb.search import evaluate

    path = queries.with_name("unanswerable.jsonl")
    return evaluate.read_lines(path, ("id", "text")) if path.exists() else []


_FIGURES = {
    "ndcg10": ("前十条的排序质量（nDCG@10）", "quality of the first ten (nDCG@10)"),
    "mrr10": ("第一个答案名次的倒数（MRR@10）", "one over the place of the first answer (MRR@10)"),
    "s1": ("第一条就是答案的比例", "share with an answer at place 1"),
    "s3": ("前三条里有答案的比例", "share with an answer in the first three"),
    "r10": ("答案进了前十条的比例", "share of the answers in the first ten"),
    "p50_ms": ("一次查询的时间，毫秒，中位数", "time of a query, milliseconds, median"),
    "p95_ms": ("二十次里最慢的一次，毫秒", "the slowest of twenty, milliseconds"),
    "queries": ("有判定的查询", "judged queries"),
    "build_s": ("建索引的时间，秒", "time of the build, seconds"),
    "passages": ("段落", "passages"),
    "documents": ("文档", "documents"),
    "vectors": ("有语义向量的文字，0 为只按词搜索", "texts with a vector of meaning, 0 when words alone decide"),
}


_LENGTHS = {
    "short": ("短（至多 {n} 词）", "short (up to {n} words)"),
    "medium": ("中（至多 {n} 词）", "medium (up to {n} words)"),
    "long": ("长", "long"),
}
_TEXTS = {
    "answerable": ("有答案", "answerable"),
    "hidden": ("答案藏起来", "answer hidden"),
    "unanswerable": ("没有答案", "unanswerable"),
}


def _print_measured(measured: "Measured", built: dict[str, float]) -> None:
    for name, value in (measured.figures | built).items():
        click.echo(f"{name:10} {value:>10}   {_range(measured.intervals.get(name)):14}   {say(*_FIGURES[name])}")
    for group in measured.groups:
        figures = (f"{name} {group.figures[name]} {_range(group.intervals[name])}" for name in ("ndcg10", "s1", "r10"))
        length = say(*_LENGTHS[group.name], n=group.words)
        click.echo(
            say("{length}：{n} 条", "{length}: {n} queries", length=length, n=group.queries) + "   " + listed(figures)
        )
    for kind, quiet in measured.silence.items():
        told = [f"{say('没有建议', 'nothing')} {quiet.bands.get('none', 0) / quiet.texts:.1%}"]
        told += [f"{label('band', b)} {quiet.bands.get(b, 0) / quiet.texts:.1%}" for b in LABELS["band"]]
        texts = say("{kind}：{n} 条", "{kind}: {n} texts", kind=say(*_TEXTS[kind]), n=quiet.texts)
        click.echo(f"{texts}   {listed(told)}")
        if kind == "answerable":
            share = f"{quiet.right / quiet.texts:.1%}"
            click.echo("  " + say("建议里有答案 {share}", "an answer is among the suggestions {share}", share=share))


def _range(bounds: tuple[float, float] | None) -> str:
    """An interval as people read it, "" for none."""
    return f"[{bounds[0]:.3f}, {bounds[1]:.3f}]" if bounds else ""


def _eval_golden(chosen: Settings, run_file: Path | None, earlier: Any, as_json: bool) -> None:
    """Run the golden queries on the index in force."""
    from kb.desk import answers
    from kb.desk import golden as golden_queries
    from kb.desk.memory import remembered_by
    from kb.search import evaluate

    engine = open_engine(chosen)
    outcomes = golden_queries.run(engine, _golden(chosen), remembered_by(chosen, engine))
    if run_file is not None:
        evaluate.write_run(run_file, golden_queries.as_run(outcomes))
    if earlier is not None:
        _print_comparison(chosen, earlier, golden_queries.as_run(outcomes), None, None, as_json)
    elif as_json:
        print_json(answers.Outcomes.of(outcomes).data())
    else:
        for outcome in outcomes:
            _print_outcome(outcome)
        failed = sum(not o.holds for o in outcomes)
        first = sum(o.rank == 1 for o in outcomes)
        note(
            say(
                "{n} 条必中查询：{held} 条合格，{failed} 条不合格；{first} 条排在第 1",
                "{n} golden queries: {held} hold, {failed} fail; {first} at place 1",
                n=len(outcomes),
                held=len(outcomes) - failed,
                failed=failed,
                first=first,
            )
        )
    if not all(o.holds for o in outcomes):
        raise click.exceptions.Exit(NOTHING)


def _golden(chosen: Settings) -> Any:
    """The golden queries, of which there has to be one."""
    from kb.articles import golden as golden_file

    queries = golden_file.load(chosen.articles)
    if not queries:
        raise InputError(
            say(
                "{path} 里没有必中查询；用 kb golden add 写第一条，或给出评测集文件夹",
                "there are no golden queries in {path}; write the first with kb golden add, or give a folder",
                path=chosen.articles / golden_file.FILE,
            )
        )
    return queries


def _print_outcome(outcome: Any) -> None:
    golden_query = outcome.golden
    mark = click.style("✓", fg="green") if outcome.holds else click.style("✗", fg="red")
    place = f"{outcome.rank or '–':>2}/{golden_query.within:<2}"
    asked = one_line(golden_query.query)
    click.echo(f"{mark} {place}  {golden_query.mode:7}  {' '.join(golden_query.articles)}  {asked}")
    if not outcome.holds:
        why_not = (
            say("索引里没有 {missing}", "not in the index: {missing}", missing=listed(outcome.missing))
            if outcome.missing
            else say("先于它的：{found}", "before it: {found}", found=listed(outcome.found[:3]))
            if outcome.found
            else say("什么都没找到", "nothing is found")
        )
        click.echo("         " + click.style(why_not, dim=True))


MAX_MOVED = 30
"""Queries that rose, and that fell, that are printed for people."""


def _print_comparison(
    chosen: Settings, before: Any, after: Any, queries: Path | None, qrels: Path | None, as_json: bool
) -> None:
    """What rose and fell between two runs. Without judgements the golden queries are asked for theirs."""
    from kb.desk import answers
    from kb.desk import golden as golden_queries
    from kb.search import evaluate

    if qrels is None:
        golden_of = _golden(chosen)
        judged = golden_queries.as_qrels(golden_of)
        texts = {golden_queries.identity(g): g.query for g in golden_of}
    else:
        judged = evaluate.read_qrels(qrels)
        asked = evaluate.read_lines(queries, ("id", "text")) if queries and queries.exists() else []
        texts = {str(r["id"]): str(r["text"]) for r in asked}
    found = evaluate.compare(before, after, judged)
    if as_json:
        print_json(answers.compared(found, texts))
        return
    for title, moved in ((say("上升", "risen"), found.risen), (say("下降", "fallen"), found.fallen)):
        if moved:
            click.echo(click.style(f"{title} {len(moved)}", bold=True))
        for m in moved[:MAX_MOVED]:
            places = f"{m.before or '–':>2} → {m.after or '–':<2}"
            click.echo(f"  {m.gain:+.3f}  {places}  {m.query}  {one_line(texts.get(m.query, ''))}".rstrip())
        if len(moved) > MAX_MOVED:
            click.echo("  " + say("另 {n} 条（--json 有全部）", "{n} more (--json has all)", n=len(moved) - MAX_MOVED))
    click.echo(
        say(
            "nDCG@10 {before:.4f} → {after:.4f}（平均 {mean:+.4f}，95 % 区间 {low:+.4f} 到 {high:+.4f}）；"
            "上升 {risen}，下降 {fallen}，不变 {same}",
            "nDCG@10 {before:.4f} -> {after:.4f} (mean {mean:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}); "
            "{risen} risen, {fallen} fallen, {same} the same",
            before=found.before,
            after=found.after,
            mean=found.mean,
            low=found.interval[0],
            high=found.interval[1],
            risen=len(found.risen),
            fallen=len(found.fallen),
            same=found.same,
        )
    )
