"""This module answers: what does a new article begin with?"""

from datetime import date
from pathlib import Path
from typing import Any

from kb.articles.atomic import save
from kb.articles.files import render
from kb.articles.numbering import next_number
from kb.model import Article

_TEMPLATES = {
    ("case", "zh"): "## 现象\n\n\n## 环境\n\n\n## 原因\n\n\n## 排查\n\n1. \n\n## 解决\n\n1. \n\n## 验证\n\n",
    ("case", "en"): (
        "## Symptom\n\n\n## Environment\n\n\n## Cause\n\n\n## Diagnosis\n\n1. \n\n## Fix\n\n1. \n\n## Verification\n\n"
    ),
    ("faq", "zh"): "## 问题\n\n\n## 回答\n\n",
    ("faq", "en"): "## Question\n\n\n## Answer\n\n",
    ("manual", "zh"): "## 适用范围\n\n\n## 准备\n\n- [ ] \n\n## 步骤\n\n1. \n\n## 检查\n\n",
    ("manual", "en"): "## Scope\n\n\n## Before you start\n\n- [ ] \n\n## Steps\n\n1. \n\n## Check\n\n",
}


def headings(kind: str) -> tuple[tuple[str, ...], ...]:
    """The headings of a kind that is written section by section, in each language; () for one that is not."""
    if kind not in ("case", "faq"):
        return ()
    return tuple(
        tuple(line[3:] for line in text.split("\n") if line.startswith("## "))
        for (of, _), text in _TEMPLATES.items()
        if of == kind
    )


def template(kind: str, language: str) -> str:
    """The empty body of an article of a kind, with the headings it must have."""
    return _TEMPLATES[kind, language]


def create(root: Path, kind: str, title: str, language: str, today: date, **values: Any) -> Path:
    """Start an article with the next number from the template of its kind. Returns its path."""
    root.mkdir(parents=True, exist_ok=True)
    number = next_number(root)
    article = Article(
        path="",
        id=number,
        kind=kind,
        title=title,
        status="draft",
        created=today,
        updated=today,
        review_after=today.replace(year=today.year + 2, day=min(today.day, 28)),
        body=template(kind, language),
        **values,
    )
    folder = root / (article.area or "case" if kind == "case" else kind)
    path = folder / f"{number}.md"
    save(path, render(article), new=True)
    return path
