"""This module writes what is sent back to the customer: short for a chat, in full for a mail, always plain text.

Customers get what they can do themselves: the section that is for them, else the steps without commands. What takes
an engineer is only announced.
"""

import re
from collections.abc import Sequence
from contextvars import copy_context

from kb.articles import markdown
from kb.articles.plain import Block, plain, with_code
from kb.errors import InputError
from kb.language import say, use
from kb.model import Article
from kb.privacy import ARTICLE_KINDS, masked
from kb.text.identifiers import CODE_KINDS, identify
from kb.text.tokens import in_script

FORMS = ("chat", "mail")
CHAT_STEPS = 3
CHAT_LINE = 120
"""Characters of a step in a chat; nobody reads more in a small window."""

_LINK = "\ue000"
"""Stands for the address until all else is in one script, without customer data."""
_STEP = re.compile(r"(?:\d+[.)]|-) ")
_COMMAND = re.compile(r"[A-Za-z/\\~$%.<][^\u3400-\u9fff]*")
"""Code that begins so is a command, a path or a setting; in Chinese it is what a button says."""


def reply(article: Article, fix: str, link: str, form: str, language: str, traditional: bool = False) -> str:
    """The text of a reply. fix: Markdown of what to do, such as a suggestion's. link: address of the article, or "".

    form: one of FORMS. language: the customer's, zh or en; the article's own words stay in its language. traditional:
    the script in which all of its Chinese is written. The article's body, when it is there, tells what customers can
    do, and how to verify it. Raises InputError for another form.
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
        told = _safe(writers[form](article, fix, _LINK if link else ""))
        return (in_script(told, traditional) if language == "zh" else told).replace(_LINK, link)

    return copy_context().run(write)  # the language of the page stays as it is


def customer_steps(article: Article, fix: str) -> tuple[list[str], bool]:
    """(what customers can do, as blocks of plain text with steps numbered anew; whether more takes an engineer)."""
    if own := markdown.section(article, "customer"):
        return [b.text for b in with_code(own)], False
    told = with_code(fix)
    easy = [b for b in told if not any(map(_is_command, b.code))]
    steps = [b for b in told if _STEP.match(b.text)]
    if steps and not any(b in easy for b in steps):
        return [], True
    kept = [b for b in easy if not _leads_nowhere(b, told, easy)]
    return _numbered(kept), len(easy) < len(told)


def _is_command(code: str) -> bool:
    """Whether code is for an engineer; an error's code that is set as such is none."""
    word = code.strip()
    return "\n" in word or (bool(_COMMAND.fullmatch(word)) and identify(word.lower()).kind not in CODE_KINDS)


def _leads_nowhere(block: Block, told: Sequence[Block], easy: Sequence[Block]) -> bool:
    """Whether a block announces one that is left out."""
    at = told.index(block)
    return block.text.endswith(("：", ":")) and (at + 1 == len(told) or told[at + 1] not in easy)


def _numbered(blocks: Sequence[Block]) -> list[str]:
    """Numbered steps count from the first that is kept."""
    out: list[str] = []
    number = 0
    for text, _ in blocks:
        if m := re.match(r"\d+([.)] )", text):
            number += 1
            text = f"{number}{m[1]}{text[m.end() :]}"
        out.append(text)
    return out


def _chat(article: Article, fix: str, link: str) -> str:
    told, more = customer_steps(article, fix)
    steps = [b for b in told if _STEP.match(b)] or told
    title = article.title
    if not told:
        lines = [say("您好，像是这个问题：{title}", "Hello, this looks like: {title}", title=title), _engineer()]
    else:
        lines = [say("您好，可以先试试：{title}", "Hello, please try this first: {title}", title=title)]
        lines += [_shortened(s.split("\n", 1)[0]) for s in steps[:CHAT_STEPS]]
        lines += [_still()] if more else []
    if link:
        whole = len(steps) <= CHAT_STEPS
        lines.append(
            say("详细步骤：{link}", "Details: {link}", link=link)
            if whole
            else say("共 {n} 步，其余见：{link}", "{n} steps in all, the rest is here: {link}", n=len(steps), link=link)
        )
    return "\n".join(lines)


def _mail(article: Article, fix: str, link: str) -> str:
    told, more = customer_steps(article, fix)
    verification = markdown.section(article, "verification")
    if any(_is_command(c) for b in with_code(verification) for c in b.code):
        verification = ""
    product = say("（{names}）", " ({names})", names=", ".join(article.product)) if article.product else ""
    paragraphs = [
        say("您好：", "Hello,"),
        say(
            "根据您的描述，很可能是这个问题：{title}{product}",
            "From what you describe, this is probably the problem: {title}{product}",
            title=article.title,
            product=product,
        ),
    ]
    if told:
        paragraphs += [say("请按下面的步骤处理：", "Please proceed as follows:"), *told]
    if told and verification and not more:
        paragraphs += [say("怎样确认已经解决：", "How to make sure that it is solved:"), plain(verification)]
    if not told:
        paragraphs.append(_engineer())
    elif more:
        paragraphs.append(_still())
    if link:
        paragraphs.append(say("详细说明（{id}）：{link}", "Details ({id}): {link}", id=article.id, link=link))
    paragraphs.append(
        say(
            "处理后请告诉我们是否已经恢复。如果没有，请把当时的提示或截图发给我们，我们接着查。",
            "Please tell us whether it works now. If not, send us the message or a screenshot; we will look further.",
        )
        if told
        else say(
            "在此之前，如果有新的提示，请把文字或截图发给我们。",
            "If another message comes up meanwhile, please send us its text or a screenshot.",
        )
    )
    return "\n\n".join(p for p in paragraphs if p)


def _engineer() -> str:
    return say("这一步要由工程师处理，我们会尽快与您联系。", "This takes an engineer; we will get back to you soon.")


def _still() -> str:
    return say(
        "如果还不行，其余由工程师处理，请回复我们。", "If that does not help, an engineer does the rest; let us know."
    )


def _safe(text: str) -> str:
    """What must not stay in an article must not reach another customer either."""
    return masked(text, ARTICLE_KINDS)


def _shortened(line: str) -> str:
    return line if len(line) <= CHAT_LINE else line[: CHAT_LINE - 1] + "…"
