"""This module reads a saved mail, .eml or Outlook's .msg, as a document: its subject and what it says."""

from kb.articles.importing import escape
from kb.articles.importing.model import Document
from kb.articles.importing.shaping import shaped
from kb.errors import ArticleError, InputError
from kb.language import say
from kb.text import mails


def read(raw: bytes, name: str, _image: str) -> Document:
    """Raises ArticleError for what is no mail, or says nothing."""
    try:
        mail = mails.read(name, raw)
    except InputError as error:
        raise ArticleError(name, 0, str(error))
    if not mail.text.strip():
        raise ArticleError(name, 0, say("邮件里没有文字", "the mail holds no text"))
    warnings = list(mail.notes)
    if mail.names:
        warnings.append(
            say("附件没有带来：{names}", "attachments were left: {names}", names=", ".join(mail.names[:20]))
        )
    subject = escape.one_line(mail.subject)
    return shaped(subject, escape.markdown(mail.text), warnings=tuple(warnings))
