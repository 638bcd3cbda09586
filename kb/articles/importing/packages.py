"""This module answers: is an Office file (.docx, .xlsx, .pptx) fit to be read? It is looked through first.

Such a file is a .zip of XML: it can unpack to anything, nest without end, and declare entities.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import NamedTuple
from xml.parsers.expat import ExpatError, ParserCreate

from kb.errors import ArticleError
from kb.language import say

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How a container of old Office files begins: .doc, .xls, .msg, and what has a password."""
MAX_DEPTH = 100
"""Elements in each other: tables in tables, mostly."""


class Bounds(NamedTuple):
    """What a package may hold.

    suffix: what it should be. xml, unpacked: bytes of its XML, and of all files. counted: tags -> how many of them
    together; program: what opens it.
    """

    suffix: str
    program: str
    xml: int
    unpacked: int
    counted: Mapping[frozenset[str], int]


Start = Callable[[str, dict[str, str]], None]


def examine(raw: bytes, name: str, bounds: Bounds, watch: Callable[[str], Start | None] = lambda _: None) -> None:
    """Raises ArticleError for a package that is damaged, protected, too large or hostile.

    watch: name of a part -> what is told each element of it, or None.
    """
    if raw.startswith(OLE[:4]):
        why = say("是旧的 Office 格式或加了密码", "it is of an old Office format or protected by a password")
        raise unfit(name, bounds, why)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = archive.infolist()
            texts = [i for i in infos if i.filename.lower().endswith((".xml", ".rels", ".vml"))]
            if sum(i.file_size for i in texts) > bounds.xml or sum(i.file_size for i in infos) > bounds.unpacked:
                raise too_large(name)
            counts = dict.fromkeys(bounds.counted, 0)
            for info in texts:
                with archive.open(info) as part:
                    _look_through(part.read, name, bounds, counts, watch(info.filename))
    except (zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
        raise unfit(name, bounds, str(error))


def _look_through(
    read: Callable[[int], bytes], name: str, bounds: Bounds, counts: dict[frozenset[str], int], watch: Start | None
) -> None:
    parser = ParserCreate()
    depth = 0
    kinds = {tag: tags for tags in counts for tag in tags}

    def refuse(*_: object) -> None:
        raise unfit(name, bounds, "DOCTYPE")

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise too_large(name)
        if (tags := kinds.get(tag)) is not None:
            counts[tags] += 1
            if counts[tags] > bounds.counted[tags]:
                raise too_large(name)
        if watch is not None:
            watch(tag, attributes)

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        while piece := read(1 << 20):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except ExpatError as error:
        raise unfit(name, bounds, str(error))


def unfit(name: str, bounds: Bounds, why: str) -> ArticleError:
    """What to say of a file that is not what its name tells."""
    return ArticleError(
        name,
        0,
        say(
            "不是完好的 {suffix} 文档（{why}）；请用 {program} 打开并另存为 {suffix}",
            "not a sound {suffix} document ({why}); open it in {program} and save it as {suffix}",
            suffix=bounds.suffix,
            program=bounds.program,
            why=" ".join(why.split())[:120],
        ),
    )


def protected(name: str) -> ArticleError:
    """What to say of a file that has a password."""
    return ArticleError(
        name, 0, say("加了密码；请去掉密码后再导入", "it is protected by a password; remove it and import it again")
    )


def too_large(name: str) -> ArticleError:
    return ArticleError(
        name, 0, say("文档太大，请拆开后导入", "the document is too large, divide it before importing it")
    )
