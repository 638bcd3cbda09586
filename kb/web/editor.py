"""This module is the editor's form: what was sent, what is shown of it, and what was found in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import Response, request
from markupsafe import Markup

from kb.articles import markdown
from kb.articles.check import Problem, check_file, unparsed
from kb.articles.files import ArticleFile
from kb.articles.frontmatter import FrontMatter
from kb.articles.writing.boxes import Box, boxes, joined
from kb.articles.writing.drafts import Draft
from kb.articles.writing.form import edited, items_of, values_of, with_value
from kb.articles.writing.save import MAX_EDITOR, MAX_NOTE, folder_for
from kb.articles.writing.sittings import is_token
from kb.articles.writing.workflow import lacks_number, may, next_states
from kb.desk.facts import PROPOSED, ProposedFact, proposed_facts
from kb.errors import ArticleError, InputError
from kb.language import say
from kb.model import HIDDEN_STATUSES, SECTION_ROLES, Article, Duplicate
from kb.model.schema import AREAS, CHOICES, DATES, FACETS, KINDS, LISTS, NAMES
from kb.model.sight import TEAM
from kb.privacy import ARTICLE_KINDS, masked
from kb.web import identity, writers
from kb.web.views import page, resolver, settings_in_force
from kb.web.writers import engine_or_none, known_teams

SHOWN_KEYS = tuple(k for k in NAMES if k not in ("id", "status"))
"""Keys of the form. The number stays, the state is changed by the buttons."""
MAX_KNOWN = 300
"""Values of a list that are offered while one types."""
ENOUGH = 40
"""Characters of a body from which on duplicates are looked for."""
NEW = "new/"
MAX_BOXES = 20
HINTS = {
    heading: told
    for headings, told in (
        (("现象", "Symptom"), ("看到什么、报什么错，原文照抄", "what is seen, the message word for word")),
        (("环境", "Environment"), ("型号、版本、在哪里、影响多少人", "model, version, where, how many are affected")),
        (("原因", "Cause"), ("为什么会这样", "why it happens")),
        (("排查", "Diagnosis"), ("怎样确认就是它，按先后写", "how to tell that it is this, in order")),
        (("解决", "Fix"), ("一步一步怎么做", "what to do, step by step")),
        (("验证", "Verification"), ("怎样算好了", "how to tell that it is mended")),
        (("问题", "Question"), ("照用户会问的写", "as users ask it")),
        (("回答", "Answer"), ("先说结论，再说怎么做", "the answer first, then how")),
    )
    for heading in headings
}
"""What belongs into a section, beside its heading."""
MAX_TAKEN = 30


@dataclass(frozen=True)
class Form:
    """An article on its way through the editor.

    path: below the articles folder, or new/KIND/TOKEN for one without a file. base: digest of the file that it was
    started from. values: the front matter as values_of gives it; body: Markdown, or with `whole` the file's text.
    flat: a new article in one box, not section by section. tried: it was asked to be saved, so its errors are told.
    sitting: the token of the form (kb.articles.writing.sittings), "" before it is opened.
    """

    path: str
    base: str
    values: Mapping[str, str]
    body: str
    whole: bool = False
    note: str = ""
    error: str = ""
    problems: list[Problem] = field(default_factory=list)
    flat: bool = False
    tried: bool = False
    sitting: str = ""

    @property
    def kind(self) -> str:
        return self.values.get("kind") or (self.path.split("/")[1] if self.new else "")

    @property
    def new(self) -> bool:
        return self.path.startswith(NEW)

    @property
    def place(self) -> str:
        """The path that relative links start from; a new article's, as far as it is known."""
        return f"{folder_for({**self.values, 'kind': self.kind})}/new.md" if self.new else self.path

    @property
    def boxes(self) -> list[Box]:
        """The sections of a new article, each for a box of its own; [] for one box."""
        return boxes(self.body, self.kind) if self.new and not self.flat else []

    @property
    def sectioned(self) -> bool:
        """Whether it could be written section by section."""
        return self.new and bool(boxes(self.body, self.kind))

    def file(self, now: ArticleFile | None) -> ArticleFile:
        """The whole file, from what it is now; None when there is none. Raises ArticleError."""
        if self.whole:
            return ArticleFile.of(self.place, self.body)
        return edited(now or ArticleFile.of(self.place, ""), self.values, self.body)


def form_of(file: ArticleFile, base: str, whole: bool = False) -> Form:
    """The form of a file; its whole text when the front matter can't be read."""
    if file.error is not None:
        return Form(file.path, base, {}, file.text, True)
    return Form(file.path, base, values_of(file), file.text if whole else file.article.body, whole)


def sent() -> Form:
    """The form as it was posted. Raises InputError for a new article of no kind."""
    fields = request.form
    path, note = fields.get("path", ""), fields.get("note", "").strip()[:MAX_NOTE]
    if path.startswith(NEW) and not re.fullmatch(rf"{NEW}({'|'.join(KINDS)})/[0-9a-f]{{8}}", path):
        raise InputError(say("没有这种文章", "there is no such kind of article"))
    values = {key: fields[key].replace("\r\n", "\n") for key in SHOWN_KEYS if key in fields}
    body = fields.get("text", "").replace("\r\n", "\n")
    if "text" not in fields:
        headings = fields.getlist("heading")[:MAX_BOXES]
        texts = [text.replace("\r\n", "\n") for text in fields.getlist("section")]
        body = joined(zip(headings, texts, strict=False))
    for taken in fields.getlist("take")[:MAX_TAKEN]:
        key, _, value = taken.partition("=")
        if key in PROPOSED and value:
            values[key] = with_value(key, values.get(key, ""), value)
    sitting = fields.get("sitting", "")
    return Form(
        path,
        fields.get("base", ""),
        values,
        body,
        "whole" in fields,
        note,
        flat="flat" in fields,
        tried="tried" in fields,
        sitting=sitting if is_token(sitting) else "",
    )


def form_page(
    form: Form, now: ArticleFile | None, template: str = "edit.html", draft: Draft | None = None, **more: Any
) -> Response:
    """The page of a form. now: the file as it is, None for a new article."""
    settings = settings_in_force()
    state = "draft" if now is None else now.status
    if not form.sitting:
        form = replace(form, sitting=writers.sittings().open(form.path, writers.editor()))
    publishes = identity.may("publish")
    teams = tuple(f"{TEAM}{name}" for name in sorted(known_teams() or ()))
    choices = {k: CHOICES[k] for k in SHOWN_KEYS if k in CHOICES}
    choices |= {"area": (*AREAS, *settings.areas), "audience": (*CHOICES["audience"], *teams)}
    return page(
        template,
        form=form,
        keys=SHOWN_KEYS,
        choices=choices,
        dates=DATES,
        lists=LISTS,
        known=_known_values(),
        extra={} if now is None or form.whole else now.strict().extra,
        state=state,
        may_keep=may(state, state, publishes),
        next=[s for s in next_states(state, publishes) if now or s != "archived"],
        number=None if now is None else now.number,
        draft=draft,
        hints={heading: say(*told) for heading, told in HINTS.items()},
        others=[] if form.new else writers.others(form.path),
        bounds={"editor": MAX_EDITOR, "note": MAX_NOTE},
        **side_of(form, now),
        **more,
    )


def _known_values() -> dict[str, list[str]]:
    """Values that other articles have, most frequent first."""
    engine = engine_or_none()
    if engine is None:
        return {}
    names = (f for f in FACETS if f in NAMES and f not in CHOICES)
    return {f: [v for v, _ in engine.counts(f, hidden=True)[:MAX_KNOWN]] for f in names}


def side_of(form: Form, now: ArticleFile | None) -> dict[str, Any]:
    """The preview of a form, and what was found in it."""
    settings, engine = settings_in_force(), engine_or_none()
    try:
        file = form.file(now)
        found = file.strict()
    except ArticleError as error:
        problem = unparsed(error, form.place)
        placed = [Placed(problem, problem.line, "", "text")]
        return {"html": "", "title": "", "problems": placed, "duplicates": [], "private": False, "proposed": []}
    problems = form.problems or check_file(settings.articles, file, settings.areas, teams=known_teams())
    if form.new:  # what is not written yet is no mistake
        problems = [p for p in problems if not lacks_number(p)] if form.tried else []
    duplicates: list[Duplicate] = []
    if engine is not None and len(found.body) >= ENOUGH and found.title != "new":
        duplicates = [d for d in engine.similar(found) if d.second.status not in HIDDEN_STATUSES]
    resolve = resolver(engine, found) if engine is not None else str

    def address(target: str) -> str:
        return "#preview-" + target[1:] if target.startswith("#") and not urlsplit(target).path else resolve(target)

    return {
        "html": Markup(markdown.render(found.body, address, "preview-")),  # noqa: S704 - our renderer's own output
        "title": "" if form.new and not form.values.get("title") else found.title,
        "problems": _placed(problems, form, file.head),
        "duplicates": duplicates,
        "private": masked(file.text, ARTICLE_KINDS) != file.text,
        "proposed": _proposed(form, found),
    }


def _proposed(form: Form, found: Article) -> list[ProposedFact]:
    """What may be filled in besides, by what the nearest articles have. None before there is something to go by."""
    engine = engine_or_none()
    said = "\n".join(line for line in found.body.split("\n") if not line.startswith("#")).strip()
    if engine is None or form.whole or len(said) < ENOUGH:
        return []
    given = {key: items_of(key, form.values[key]) for key in PROPOSED if key in form.values}
    return proposed_facts(engine, f"{found.title}\n{said}", given) if given else []


class Placed(NamedTuple):
    """A problem, and where the form shows what it is about. line: of its box, 0 for none; key: of its field, or "".

    box: the id of its box of text.
    """

    problem: Problem
    line: int
    key: str
    box: str

    @property
    def target(self) -> str:
        """The id of the field."""
        return f"f-{self.key}" if self.key else self.box

    @property
    def said(self) -> str:
        """The problem as it reads at its field, which is named there already."""
        if self.problem.code == "missing_key" and self.key:
            return say("必填", "Required")
        if self.problem.code == "empty_section" and self.box != "text":
            return say("还没有写", "Still empty")
        return self.problem.message


def _placed(problems: list[Problem], form: Form, head: FrontMatter) -> list[Placed]:
    placed = []
    sections = form.boxes
    for problem in problems:
        key = problem.key or next((k for k, line in head.lines.items() if line == problem.line), "")
        key = key if key in SHOWN_KEYS else ""
        line = _line_of(form.body, problem.section) or (problem.line if form.whole else problem.line - head.end + 1)
        placed.append(Placed(problem, *_in_box(max(line, 0), "" if form.whole else key, sections)))
    # As they stand on the page: the title, the text from its top, then the fields in their order.
    order = {key: i for i, key in enumerate(SHOWN_KEYS, 1)} | {"title": -1, "": 0}
    return sorted(placed, key=lambda p: (order[p.key], p.box, p.line))


def _in_box(line: int, key: str, sections: list[Box]) -> tuple[int, str, str]:
    """(line, key, box) of a line of the whole text: the line of its box, where each section has one."""
    if not sections:
        return line, key, "text"
    number = max((i for i, box in enumerate(sections) if box.line <= line), default=0)
    return max(line - sections[number].line - 1, 0), key, f"section-{number}"


def _line_of(body: str, section: str) -> int:
    """The first line that is a heading of this section (its role), 1-based; 0 for none."""
    headings = ((n, line.strip("# ").lower()) for n, line in enumerate(body.split("\n"), 1) if line.startswith("##"))
    return next((n for n, heading in headings if section and SECTION_ROLES.get(heading) == section), 0)
