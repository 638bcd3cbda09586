"""This module writes what is sent back to the customer: short for a chat, in full for a mail, always plain text."""

import re
from contextvars import copy_context

from kb.articles import markdown
from kb.articles.plain import blocks, plain
from kb.errors import InputError
from kb.language import say, use
from kb.model import Article
from kb.privacy import ARTICLE_KINDS, masked

FORMS = ("chat", "mail")
CHAT_STEPS = 3
CHAT_LINE = 120
"""Characters of a step in a chat; nobody reads more in a small window."""

_STEP = re.compile(r"(?:\d+[.)]|-) ")


def reply(article: Article, fix: str, link: str, form: str, language: str) -> str:
    """The text of a reply. fix: Markdown of what to do, such as a suggestion's. link: address of the article, or "".

    form: one of FORMS. language: the customer's, zh or en; the article's own words stay in its language.
    The article's body, when it is there, tells how to verify the fix. Raises InputError for another form.
    """
    writers = {"chat": _chat, "mail": _mail}
    if form not in writers:
        raise InputError(
            say(
                "没有 {form} 这种回复（可用：{forms}）",
                "unknown form {form} ({forms})",
                form=form,
                forms=", ".join(FORMS),
            )
        )

    def write() -> str:
        use(language)
        return writers[form](article, fix, link)

    return copy_context().run(write)  # the language of the page stays as it is


def _chat(article: Article, fix: str, link: str) -> str:
    told = [_safe(b) for b in blocks(fix)]
    steps = [b for b in told if _STEP.match(b)] or told
    lines = [say("您好，可以先试试：{title}", "Hello, please try this first: {title}", title=_safe(article.title))]
    lines += [_shortened(s.split("\n", 1)[0]) for s in steps[:CHAT_STEPS]]
    if link:
        whole = len(steps) <= CHAT_STEPS
        lines.append(
            say("详细步骤：{link}", "Details: {link}", link=link)
            if whole
            else say("共 {n} 步，其余见：{link}", "{n} steps in all, the rest is here: {link}", n=len(steps), link=link)
        )
    return "\n".join(lines)


def _mail(article: Article, fix: str, link: str) -> str:
    verification = markdown.section(article, "verification")
    product = say("（{names}）", " ({names})", names=", ".join(article.product)) if article.product else ""
    paragraphs = [
        say("您好：", "Hello,"),
        say(
            "根据您的描述，很可能是这个问题：{title}{product}",
            "From what you describe, this is probably the problem: {title}{product}",
            title=_safe(article.title),
            product=product,
        ),
        say("请按下面的步骤处理：", "Please proceed as follows:"),
        _safe(plain(fix)),
    ]
    if verification:
        paragraphs += [say("怎样确认已经解决：", "How to make sure that it is solved:"), _safe(plain(verification))]
    if link:
        paragraphs.append(
            say("详细说明（{id}）：{link}", "Details ({id}): {link}", id=article.id, link=link),
        )
    paragraphs.append(
        say(
            "处理后请告诉我们是否已经恢复。如果没有，请把当时的提示或截图发给我们，我们接着查。",
            "Please tell us whether it works now. If not, send us the message or a screenshot; we will look further.",
        )
    )
    return "\n\n".join(p for p in paragraphs if p)


def _safe(text: str) -> str:
    """What must not stay in an article must not reach another customer either."""
    return masked(text, ARTICLE_KINDS)


def _shortened(line: str) -> str:
    return line if len(line) <= CHAT_LINE else line[: CHAT_LINE - 1] + "…"
