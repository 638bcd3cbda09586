"""This module is the editor's form: what was sent, what is shown of it, and what was found in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from flask import Response, request
from markupsafe import Markup

from kb.articles import markdown
from kb.articles.check import Problem, check_file, unparsed
from kb.articles.files import ArticleFile
from kb.articles.frontmatter import FrontMatter
from kb.articles.writing.drafts import Draft
from kb.articles.writing.form import edited, values_of
from kb.articles.writing.save import MAX_EDITOR, MAX_NOTE, folder_for
from kb.articles.writing.workflow import lacks_number, may, next_states
from kb.errors import ArticleError, InputError
from kb.language import say
from kb.model import HIDDEN_STATUSES, SECTION_ROLES, Duplicate
from kb.model.schema import AREAS, CHOICES, DATES, FACETS, KINDS, LISTS, NAMES
from kb.privacy import ARTICLE_KINDS, masked
from kb.web import writers
from kb.web.views import page, resolver, settings_in_force
from kb.web.writers import engine_or_none

SHOWN_KEYS = tuple(k for k in NAMES if k not in ("id", "status"))
"""Keys of the form. The number stays, the state is changed by the buttons."""
MAX_KNOWN = 300
"""Values of a list that are offered while one types."""
ENOUGH = 40
"""Characters of a body from which on duplicates are looked for."""
NEW = "new/"


@dataclass(frozen=True)
class Form:
    """An article on its way through the editor.

    path: below the articles folder, or new/KIND/TOKEN for one without a file. base: digest of the file that it was
    started from. values: the front matter as values_of gives it; body: Markdown, or with `whole` the file's text.
    """

    path: str
    base: str
    values: Mapping[str, str]
    body: str
    whole: bool = False
    note: str = ""
    error: str = ""
    problems: list[Problem] = field(default_factory=list)

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
    return Form(path, fields.get("base", ""), values, body, "whole" in fields, note)


def form_page(
    form: Form, now: ArticleFile | None, template: str = "edit.html", draft: Draft | None = None, **more: Any
) -> Response:
    """The page of a form. now: the file as it is, None for a new article."""
    settings = settings_in_force()
    state = "draft" if now is None else now.status
    choices = {k: CHOICES[k] for k in SHOWN_KEYS if k in CHOICES} | {"area": (*AREAS, *settings.areas)}
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
        may_keep=may(state, state, writers.editor(), settings.reviewers),
        next=[s for s in next_states(state, writers.editor(), settings.reviewers) if now or s != "archived"],
        number=None if now is None else now.number,
        draft=draft,
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
        placed = [(problem, problem.line, "")]
        return {"html": "", "title": "", "problems": placed, "duplicates": [], "private": False}
    problems = form.problems or check_file(settings.articles, file, settings.areas)
    if form.new:
        problems = [p for p in problems if not lacks_number(p)]
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
    }


def _placed(problems: list[Problem], form: Form, head: FrontMatter) -> list[tuple[Problem, int, str]]:
    """Problems, each with its line of the text box (0: none), and the key of the form it is about ("": none)."""
    placed = []
    for problem in problems:
        key = problem.key or next((k for k, line in head.lines.items() if line == problem.line), "")
        key = key if key in SHOWN_KEYS else ""
        line = _line_of(form.body, problem.section) or (problem.line if form.whole else problem.line - head.end + 1)
        placed.append((problem, max(line, 0), "" if form.whole else key))
    # As they stand on the page: the fields in their order, then the text from its top.
    return sorted(placed, key=lambda p: (SHOWN_KEYS.index(p[2]) if p[2] else len(SHOWN_KEYS), p[1]))


def _line_of(body: str, section: str) -> int:
    """The first line that is a heading of this section (its role), 1-based; 0 for none."""
    headings = ((n, line.strip("# ").lower()) for n, line in enumerate(body.split("\n"), 1) if line.startswith("##"))
    return next((n for n, heading in headings if section and SECTION_ROLES.get(heading) == section), 0)
