"""Files as offices have them, made by hand: what no library at hand writes."""

import struct
from collections.abc import Mapping, Sequence

SECTOR, MINI = 512, 64
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def container(streams: Mapping[str, bytes]) -> bytes:
    """A compound file (OLE) of streams by their paths: storage/stream. All small ones lie in the mini stream."""
    storages = sorted({path.rpartition("/")[0] for path in streams} - {""})
    names = ["", *storages, *streams]
    content: list[bytes] = []
    mini = bytearray()
    minifat: list[int] = []
    entries: dict[str, tuple[int, int]] = {}

    def chain(table: list[int], count: int) -> None:
        start = len(table)
        table.extend([start + i + 1 for i in range(count - 1)] + [_END])

    fat: list[int] = []

    def store(raw: bytes) -> int:
        start = len(fat)
        count = max(1, -(-len(raw) // SECTOR))
        chain(fat, count)
        content.append(raw.ljust(count * SECTOR, b"\0"))
        return start

    for path, raw in streams.items():
        if len(raw) >= 4096:
            entries[path] = (store(raw), len(raw))
        else:
            entries[path] = (len(minifat), len(raw))
            count = max(1, -(-len(raw) // MINI))
            chain(minifat, count)
            mini += raw.ljust(count * MINI, b"\0")
    entries[""] = (store(bytes(mini)), len(mini))
    minifat_at = store(struct.pack(f"<{len(minifat)}I", *minifat).ljust(-(-len(minifat) // 128) * SECTOR, b"\xff"))
    minifat_count = -(-len(minifat) // 128) or 1

    children = {storage: [n for n in names if n and n.rpartition("/")[0] == storage] for storage in ("", *storages)}
    following = {n: after for kin in children.values() for n, after in zip(kin, [*kin[1:], ""], strict=True)}
    directory = b""
    for name in names:
        label = (name.rpartition("/")[2] or "Root Entry").encode("utf-16-le") + b"\0\0"
        kind = 5 if not name else 1 if name in storages else 2
        child = names.index(children[name][0]) if children.get(name) else _FREE
        right = names.index(following[name]) if name and following[name] else _FREE
        start, size = entries.get(name, (0, 0))
        directory += label.ljust(64, b"\0") + struct.pack("<HBBIII", len(label), kind, 1, _FREE, right, child)
        directory += bytes(16 + 4 + 16) + struct.pack("<IQ", start, size)
    directory += bytes(-len(directory) % SECTOR)
    directory_at = store(directory)
    fat_at = len(fat)
    fat_count = 1
    while fat_count * 128 < len(fat) + fat_count:
        fat_count += 1
    fat += [_FAT] * fat_count
    content.append(struct.pack(f"<{len(fat)}I", *fat).ljust(fat_count * SECTOR, b"\xff"))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIIII", 0, fat_count, directory_at, 0, 4096, minifat_at, minifat_count, _END, 0, fat_at)
    more = [fat_at + i for i in range(1, fat_count)]
    head += struct.pack(f"<{len(more)}I", *more)
    return head.ljust(SECTOR, b"\xff") + b"".join(content)


def outlook(
    subject: str, body: str, sender: str = "", attachments: Mapping[str, bytes] | None = None, encoding: str = ""
) -> bytes:
    """A mail as Outlook saves it; encoding: of texts that are not in UTF-16, as old ones are."""

    def text(number: str, value: str) -> tuple[str, bytes]:
        kind = "001E" if encoding else "001F"
        return f"__substg1.0_{number}{kind}", value.encode(encoding or "utf-16-le")

    streams = dict([text("0037", subject), text("1000", body), text("0C1A", sender)])
    streams["__properties_version1.0"] = bytes(32)
    for i, (name, raw) in enumerate((attachments or {}).items()):
        storage = f"__attach_version1.0_#{i:08X}"
        streams[f"{storage}/__substg1.0_3707001F"] = name.encode("utf-16-le")
        streams[f"{storage}/__substg1.0_37010102"] = raw
    return container(streams)


def xls(rows: Sequence[Sequence[str | float]], sheet: str = "Sheet1") -> bytes:
    """A workbook of Excel 97 (BIFF8) with one sheet."""

    def record(number: int, data: bytes) -> bytes:
        return struct.pack("<HH", number, len(data)) + data

    def begin(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))

    cells = b""
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            if isinstance(value, str):
                text = value.encode("utf-16-le")
                cells += record(0x0204, struct.pack("<HHHHB", i, j, 0, len(value), 1) + text)
            else:
                cells += record(0x0203, struct.pack("<HHHd", i, j, 0, value))
    name = sheet.encode("utf-16-le")
    bound = struct.pack("<BBB", 0, 0, len(sheet)) + b"\x01" + name
    globals_ = begin(5)
    place = len(globals_) + 4 + 4 + len(bound) + 4
    globals_ += record(0x0085, struct.pack("<I", place)[:4] + bound[0:2] + bound[2:]) + record(0x000A, b"")
    sheet_ = begin(0x10) + record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0)) + cells
    return container({"Workbook": globals_ + sheet_ + record(0x000A, b"")})


def pdf(
    pages: Sequence[Sequence[str] | None], outline: Sequence[tuple[str, int]] = (), title: str = "", extra: str = ""
) -> bytes:
    """A PDF of lines of text; None: a page that is a picture. outline: (title, page from 0). extra: of its trailer."""
    objects: dict[int, bytes] = {}
    font, cmap, image, first = 3, 4, 5, 10
    objects[font] = (
        b"<</Type/Font/Subtype/Type0/BaseFont/Song/Encoding/Identity-H/ToUnicode 4 0 R/DescendantFonts"
        b"[<</Type/Font/Subtype/CIDFontType2/BaseFont/Song/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
        b"/Supplement 0>>/DW 1000>>]>>"
    )
    table = b"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000><FFFF> endcodespacerange\n"
    table += b"256 beginbfrange\n"
    table += b"".join(b"<%02X00><%02XFF><%02X00>\n" % (i, i, i) for i in range(256)) + b"endbfrange endcmap end"
    objects[cmap] = _stream(b"", table)
    grey = b"/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8"
    objects[image] = _stream(grey, b"x")
    kids = []
    for i, lines in enumerate(pages):
        number = first + 2 * i
        kids.append(b"%d 0 R" % number)
        resources = b"/Font<</F 3 0 R>>" if lines is not None else b"/XObject<</I 5 0 R>>"
        objects[number] = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<<%s>>>>" % (
            number + 1,
            resources,
        )
        shown = b"/I Do"
        if lines is not None:
            said = (b"<%s> Tj T*" % line.encode("utf-16-be").hex().encode() for line in lines)
            shown = b"BT /F 10 Tf 14 TL 50 780 Td " + b"\n".join(said) + b" ET"
        objects[number + 1] = _stream(b"", shown)
    objects[2] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), b" ".join(kids))
    after = first + 2 * len(pages)
    root = b"/Type/Catalog/Pages 2 0 R"
    if outline:
        root += b"/Outlines %d 0 R" % after
        objects[after] = b"<</Type/Outlines/First %d 0 R/Last %d 0 R>>" % (after + 1, after + len(outline))
        for i, (text, page) in enumerate(outline, 1):
            following = b"/Next %d 0 R" % (after + i + 1) if i < len(outline) else b""
            objects[after + i] = b"<</Title<FEFF%s>/Parent %d 0 R/Dest[%d 0 R/Fit]%s>>" % (
                text.encode("utf-16-be").hex().encode(), after, first + 2 * page, following
            )  # fmt: skip
    objects[1] = b"<<" + root + b">>"
    objects[6] = b"<</Title<FEFF%s>>>" % title.encode("utf-16-be").hex().encode()
    out = b"%PDF-1.5\n"
    places = {}
    for number in sorted(objects):
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    start = len(out)
    out += b"xref\n"
    for number in sorted(objects):
        out += b"%d 1\n%010d 00000 n \n" % (number, places[number])
    out += b"trailer<</Root 1 0 R/Info 6 0 R/Size %d%s>>\nstartxref\n%d\n%%%%EOF" % (
        max(objects) + 1, extra.encode(), start
    )  # fmt: skip
    return out


def _stream(head: bytes, raw: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (head, len(raw), raw)
