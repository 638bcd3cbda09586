"""This module answers how good the retrieval is, and whether it rose or fell: eval."""

import tempfile
from pathlib import Path
from typing import Any

import click

from kb.cli.common import FILE, NOTHING, command, json_option, listed, note, one_line, open_index, print_json
from kb.errors import InputError
from kb.language import say
from kb.settings import Settings

_Run = dict[str, list[tuple[str, float]]]


@command(
    """量检索质量。不给文件夹时运行金标查询（articles/golden.yml），有一条不合格则退出码为 1；
    给评测集文件夹时量 nDCG@10、MRR@10、S@1、S@3、R@10 与时间。

    \b
    例：kb eval                                     # 金标查询，用现有的索引
        kb eval --run 之前.trec                     # 存下结果，改过之后再比
        kb eval --against 之前.trec
        kb eval 评测集文件夹 --json                 # corpus.jsonl、queries.jsonl、qrels.tsv
        kb eval 评测集文件夹 --mode search --run 结果.trec
        kb eval 评测集文件夹 --compare 之前.trec 之后.trec
        kb eval 评测集文件夹 --verdicts 判定.jsonl  # 记住这些判定，对其余的查询有没有帮助
        kb eval --articles 文件夹 --queries 查询.jsonl --qrels 判定.tsv
    """,
    """Measure retrieval. Without a folder the golden queries (articles/golden.yml) are run, and one that fails
    makes the exit code 1; of a judged set: nDCG@10, MRR@10, S@1, S@3, R@10 and times.

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
    figures, run, forgetful = _measure(chosen, folder, mode, queries, qrels, verdicts)
    if run_file is not None:
        evaluate.write_run(run_file, run)
    if forgetful is not None or earlier is not None:
        _print_comparison(chosen, forgetful or earlier, run, queries, qrels, as_json)
    elif as_json:
        print_json({"mode": mode, **figures})
    else:
        for name, value in figures.items():
            click.echo(f"{name:10} {value:>10}   {_meaning(name)}")


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
}


def _meaning(figure: str) -> str:
    zh, en = _FIGURES[figure]
    return say(zh, en)


def _measure(
    chosen: Settings, folder: Path | None, mode: str, queries: Path, qrels: Path, verdicts: Path | None
) -> tuple[dict[str, float], _Run, _Run | None]:
    """Build a judged set, or the articles, aside and measure: figures, the run, and with verdicts the run without.

    A query that was remembered word for word proves nothing and is left out.
    """
    from dataclasses import replace

    from kb.indexer.build import build as build_index
    from kb.indexer.build import build_documents
    from kb.search import evaluate
    from kb.search.index import Library
    from kb.search.remembered import Remembered

    said = evaluate.read_verdicts(verdicts) if verdicts is not None else []
    heard = {v.text.strip() for v in said}
    every = evaluate.read_lines(queries, ("id", "text"))
    asked = [q for q in every if str(q["text"]).strip() not in heard]
    if len(asked) < len(every):
        note(say("{n} 条查询的原文就在判定里，不计", "{n} queries are themselves among the verdicts and do not count",
                 n=len(every) - len(asked)))  # fmt: skip
    judged = evaluate.read_qrels(qrels)
    with tempfile.TemporaryDirectory(prefix="kb-eval-") as temporary:
        aside = replace(chosen, index=Path(temporary))
        if folder is not None:
            report = build_documents(aside, evaluate.read_documents(folder))
        else:
            report = build_index(aside, full=True)
            for problem in report.problems:
                note(problem)
        index = Library(aside.index).index()
        forgetful = evaluate.evaluate(index, asked, judged)[1] if said else None
        figures, run = evaluate.evaluate(index, asked, judged, mode, remembered=Remembered(index, said))
    built = {"build_s": round(report.seconds, 2), "passages": report.passages, "documents": report.articles}
    return {**figures, **built}, run, forgetful


def _eval_golden(chosen: Settings, run_file: Path | None, earlier: Any, as_json: bool) -> None:
    """Run the golden queries on the index in force."""
    from kb.present import outcomes_data
    from kb.search import evaluate
    from kb.search import golden as golden_queries

    outcomes = golden_queries.run(open_index(chosen), _golden(chosen))
    if run_file is not None:
        evaluate.write_run(run_file, golden_queries.as_run(outcomes))
    if earlier is not None:
        _print_comparison(chosen, earlier, golden_queries.as_run(outcomes), None, None, as_json)
    elif as_json:
        print_json(outcomes_data(outcomes))
    else:
        for outcome in outcomes:
            _print_outcome(outcome)
        failed = sum(not o.holds for o in outcomes)
        first = sum(o.rank == 1 for o in outcomes)
        note(
            say(
                "{n} 条金标查询：{held} 条合格，{failed} 条不合格；{first} 条排在第 1",
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
    from kb import golden as golden_file

    queries = golden_file.load(chosen.articles)
    if not queries:
        raise InputError(
            say(
                "{path} 里没有金标查询；用 kb golden add 写第一条，或给出评测集文件夹",
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
    from kb.present import comparison_data
    from kb.search import evaluate
    from kb.search import golden as golden_queries

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
        print_json(comparison_data(found, texts))
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
            "nDCG@10 {before:.4f} → {after:.4f}（平均 {mean:+.4f}）；上升 {risen}，下降 {fallen}，不变 {same}",
            "nDCG@10 {before:.4f} -> {after:.4f} (mean {mean:+.4f}); {risen} risen, {fallen} fallen, {same} the same",
            before=found.before,
            after=found.after,
            mean=found.mean,
            risen=len(found.risen),
            fallen=len(found.fallen),
            same=found.same,
        )
    )
