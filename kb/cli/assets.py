"""This module is what cases are about, from the shell: customer, device, part."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.cli.common import NOTHING, cli, colon, command, json_option, listed, note, print_json, you
from kb.errors import InputError
from kb.labels import label
from kb.language import say
from kb.model.casework import Condition, PlaceKind
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.database.connection import Store
    from kb.service.assets.devices import Known
    from kb.service.assets.editing import Editing
    from kb.service.assets.importing import Seen
    from kb.service.assets.stock import Shelf
    from kb.service.policy import Policy

FILE = click.Path(path_type=Path, dir_okay=False)
GROUPS = {"customers": "customer", "devices": "device", "parts": "part", "versions": "census"}
"""What is imported -> the group of commands that does it."""


customer = click.Group(
    "customer",
    help=say(
        """客户：地点、联系人、合同，与合同答应的服务承诺。

        \b
        例：kb customer import 客户.xlsx          先看会改什么
            kb customer import 客户.xlsx --yes    写入，整份或一行也不写
            kb customer show 省厅
        """,
        """Customers: their sites, contacts and contracts, and what those promise.

        \b
        Example: kb customer import customers.xlsx          see what it would change
                 kb customer import customers.xlsx --yes    write it, whole or not at all
                 kb customer show Acme
        """,
    ),
)
device = click.Group(
    "device",
    help=say(
        """设备：序列号、终验与质保维保到期、以前的服务单、换下换上。

        \b
        例：kb device show 210235A1QDH18C000123
            kb device ending --days 90
            kb device import 设备.xlsx --yes
        """,
        """Devices: serials, dates of acceptance, warranty and maintenance, earlier cases, exchanges.

        \b
        Example: kb device show 210235A1QDH18C000123
                 kb device ending --days 90
                 kb device import devices.xlsx --yes
        """,
    ),
)
part = click.Group(
    "part",
    help=say(
        """备件：哪件在哪里。库存是出入库之和；为服务单占用的不在架上。

        \b
        例：kb part stock 0231A0QN
            kb part move 0231A0QN --from 济南库 --case 137
            kb part count 0231A0QN --at 济南库 --quantity 3 --reason 盘点
        """,
        """Spare parts: which lies where. Stock is the sum of moves; what is held for a case is off the shelf.

        \b
        Example: kb part stock 0231A0QN
                 kb part move 0231A0QN --from Leeds --case 137
                 kb part count 0231A0QN --at Leeds --quantity 3 --reason "counted"
        """,
    ),
)
for group in (customer, device, part):
    cli.add_command(group)


def _opened(chosen: Settings) -> "tuple[Store, Policy]":
    """The database of a base that has a service desk, and its policy."""
    from kb.database.connection import Store
    from kb.service import cases

    return Store(chosen.database), cases.opened(chosen).policy


# --- imports, for all three --------------------------------------------------------------------


def _import(chosen: Settings, kind: str, file: Path, yes: bool, as_json: bool) -> None:
    from kb.service.assets.importing import Imports

    try:
        raw = file.read_bytes()
    except OSError as error:
        raise InputError(say("{file}：读不了：{why}", "{file}: can't be read: {why}", file=file, why=error.strerror))
    imports = Imports(*_opened(chosen))
    seen = imports.look(kind, raw, file.name, you())
    if yes and not seen.unclear:
        seen = imports.write(kind, raw, file.name, you())
    if as_json:
        print_json(seen._asdict())
    else:
        _print_seen(seen)
    if seen.unclear:
        raise click.exceptions.Exit(NOTHING)


def _print_seen(seen: "Seen") -> None:
    click.echo(say("{name}：{n} 行", "{name}: {n} rows", name=seen.name, n=seen.rows))
    for name, counts in seen.counts.items():
        told = listed(f"{label('imported', how)} {n}" for how, n in counts.items())
        click.echo(f"  {label('asset', name)}{colon()}{told}")
    if seen.moves:
        click.echo(say("  库存更正：{n} 笔", "  stock corrected by {n} moves", n=seen.moves))
    for sentence in seen.unclear:
        click.echo(f"  ! {sentence}")
    if seen.unclear:
        note(say("有不明白的行，一行也没有写", "some rows are unclear: nothing was written"))
    elif seen.id:
        note(say("已写入；撤销：kb {command} undo {n}", "written; to take it back: kb {command} undo {n}",
                 command=GROUPS[seen.kind], n=seen.id))  # fmt: skip
    else:
        note(say("还没有写；加 --yes 写入", "nothing was written yet; add --yes"))


def imports_of(group: click.Group, kind: str, zh: str, en: str, columns: tuple[str, str]) -> None:
    """The commands import and undo of a group."""
    called = group.name

    def import_(chosen: Settings, file: Path, yes: bool, as_json: bool) -> None:
        _import(chosen, kind, file, yes, as_json)

    def undo(chosen: Settings, number: int) -> None:
        from kb.service.assets.importing import Imports

        imports = Imports(*_opened(chosen))
        imports.undo(number, you())
        note(say("已撤销", "taken back"))

    import_.__name__, undo.__name__ = f"{called}_import", f"{called}_undo"
    made = command(
        f"""从表格导入{zh}（.csv 或 .xlsx）：先看新增、修改和不明白的行，加 --yes 才写，整份或一行也不写。

        列：{columns[0]}。

        \b
        例：kb {called} import {zh}.xlsx
            kb {called} import {zh}.xlsx --yes
        """,
        f"""Import {en} of a table (.csv or .xlsx): see what is new, changed and unclear; --yes writes it, whole or not
        at all.

        Columns: {columns[1]}.

        \b
        Example: kb {called} import {en}.xlsx
                 kb {called} import {en}.xlsx --yes
        """,
        group,
    )(json_option(import_))
    told = say("写入", "write it")
    made.params = [click.Argument(["file"], type=FILE), click.Option(["--yes"], is_flag=True, help=told), *made.params]
    taken = command(
        f"""撤销一次导入，整份；之后改过或用到了的不能撤销。

        \b
        例：kb {called} undo 3
        """,
        f"""Take an import back as a whole; not when something of it was changed or used since.

        \b
        Example: kb {called} undo 3
        """,
        group,
    )(undo)
    taken.params = [click.Argument(["number"], type=int), *taken.params]


imports_of(
    customer,
    "customers",
    "客户",
    "customers",
    (
        "客户、简称、服务承诺、服务时间、地点、城市、地址、联系人、电话、邮箱、合同号、合同类型、合同开始、合同结束",
        "customer, aliases, promises, calendar, site, city, address, contact, phone, mail, contract, starts, ends",
    ),
)
imports_of(
    device,
    "devices",
    "设备",
    "devices",
    (
        "产品、序列号、设备名称、客户、地点、合同号、终验日期、质保到期、维保到期、版本、状态",
        "product, serial, name, customer, site, contract, accepted, warranty_until, maintained_until, versions, state",
    ),
)
imports_of(
    part,
    "parts",
    "备件",
    "parts",
    (
        "备件号、备件名称、等效备件、存储介质、易损件、最低库存、库房、城市、数量",
        "number, name, equals, keep, wear, minimum, place, city, quantity",
    ),
)


# --- editing -----------------------------------------------------------------------------------


def _set(editing: "Editing", kind: str, number: int, values: tuple[str, ...], called: str, of: int = 0) -> None:
    """Change a row, or add one (number: 0), by pairs of field and value; tell by which number it is taken back."""
    from kb.service.assets.editing import field_named

    given = {}
    for pair in values:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InputError(say("'{pair}' 应写成 项=值", "'{pair}' should be FIELD=VALUE", pair=pair))
        given[field_named(kind, name)] = value
    saved = editing.save(kind, number, given, you(), customer=of)
    if not saved.change:
        note(say("没有改动", "nothing was changed"))
        return
    note(say("已保存；撤销：kb {called} undo {n}", "saved; to take it back: kb {called} undo {n}",
             called=called, n=saved.change))  # fmt: skip


def _asked_row(found: int, new: bool, name: str) -> None:
    """Raises InputError when a row that is to be changed is not there, or one to be added is."""
    if new and found:
        raise InputError(say("已经有 {name}", "there is a {name} already", name=name))
    if not new and not found:
        raise InputError(say("没有 {name}；新增写 --new", "there is no {name}; to add it, say --new", name=name))


@command(
    """改一个客户，或它的一个地点、联系人、合同；写“项=值”，值空着就是清掉。新增写 --new。

    \b
    例：kb customer set 省厅 服务承诺=telecom
        kb customer set 省厅 --contact 王工 电话=13800138000
        kb customer set 省厅 --contract HT-2 --new 合同类型=维保 合同结束=2027-12-31
        kb customer set --new 市局 简称=局里
    """,
    """Change a customer, or a site, contact or contract of it, by FIELD=VALUE; an empty value clears. --new adds one.

    \b
    Example: kb customer set Acme promises=telecom
             kb customer set Acme --contact Wang phone=13800138000
             kb customer set Acme --contract C-2 --new kind=maintenance ends=2027-12-31
             kb customer set --new Beta aliases=B
    """,
    customer,
)
@click.argument("name")
@click.argument("values", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--site", default="", help=say("它的一个地点", "a site of it"))
@click.option("--contact", default="", help=say("它的一个联系人", "a contact of it"))
@click.option("--contract", default="", help=say("它的一个合同", "a contract of it"))
@click.option("--new", is_flag=True, help=say("新增", "add it"))
def customer_set(chosen: Settings, name: str, values: tuple[str, ...], new: bool, **of: str) -> None:
    from kb.service.assets.customers import Customers
    from kb.service.assets.editing import Editing

    store, policy = _opened(chosen)
    editing = Editing(store, policy)
    kind, part = next(((f"{k}s", v) for k, v in of.items() if v), ("customers", ""))
    owner = 0 if kind == "customers" and new else Customers(store).find(name).row.id
    number = editing.find(kind, part, owner) if part else owner or editing.find(kind, name)
    _asked_row(number, new, part or name)
    called = "number" if kind == "contracts" else "name"
    own = (f"{called}={part or name}",) if new else ()
    _set(editing, kind, number, (*own, *values), "customer", owner)


@command(
    """改一台设备；写“项=值”，值空着就是清掉。新增写 --new，产品和序列号也写成“项=值”。

    \b
    例：kb device set 210235A1QDH18C000123 质保到期=2027-03-01 版本=软件=7.1.080
        kb device set --new CN0099 产品=S5130-28S 客户=省厅 地点=机房 终验日期=2026-11-01
    """,
    """Change a device by FIELD=VALUE; an empty value clears. --new adds one; its product is a field, too.

    \b
    Example: kb device set 210235A1QDH18C000123 warranty_until=2027-03-01 versions=software=7.1.080
             kb device set --new CN0099 product=S5130-28S customer=Acme site=hall accepted=2026-11-01
    """,
    device,
)
@click.argument("serial")
@click.argument("values", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--new", is_flag=True, help=say("新增", "add it"))
def device_set(chosen: Settings, serial: str, values: tuple[str, ...], new: bool) -> None:
    from kb.service.assets.devices import Devices
    from kb.service.assets.editing import Editing

    store, policy = _opened(chosen)
    number = 0 if new else Devices(store).find(serial).row.id
    _set(Editing(store, policy), "devices", number, (*((f"serial={serial}",) if new else ()), *values), "device")


@command(
    """改一种备件；写“项=值”，值空着就是清掉。新增写 --new。

    \b
    例：kb part set 0231A0QN 最低库存=4 等效备件=0231A0QP
        kb part set --new 0231A0QX 备件名称=风扇
    """,
    """Change a part by FIELD=VALUE; an empty value clears. --new adds one.

    \b
    Example: kb part set 0231A0QN minimum=4 equals=0231A0QP
             kb part set --new 0231A0QX name=fan
    """,
    part,
)
@click.argument("number")
@click.argument("values", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--new", is_flag=True, help=say("新增", "add it"))
def part_set(chosen: Settings, number: str, values: tuple[str, ...], new: bool) -> None:
    from kb.service.assets.editing import Editing

    editing = Editing(*_opened(chosen))
    found = editing.find("parts", number)
    _asked_row(found, new, number)
    _set(editing, "parts", found, (*((f"number={number}",) if new else ()), *values), "part")


# --- customers ---------------------------------------------------------------------------------


@command(
    """列出客户；写词就只列名称或联系人里有它的。没有时退出码为 1。

    \b
    例：kb customer list 省厅
    """,
    """List customers; with words, those whose name or contact holds them. Exits 1 when there are none.

    \b
    Example: kb customer list Acme
    """,
    customer,
)
@click.argument("text", default="")
@json_option
def customer_list(chosen: Settings, text: str, as_json: bool) -> None:
    from kb.service.assets.customers import Customers

    found = Customers(_opened(chosen)[0]).all(text)
    if as_json:
        print_json([{"id": c.id, "name": c.name, "aliases": c.aliases, "promises": c.promises} for c in found])
    for row in found if not as_json else ():
        click.echo("  ".join(filter(None, (row.name, listed(row.aliases), row.promises))))
    _nothing(found)


@command(
    """显示一个客户：地点、联系人、合同、设备。

    \b
    例：kb customer show 省厅
    """,
    """Show a customer: sites, contacts, contracts, devices.

    \b
    Example: kb customer show Acme
    """,
    customer,
)
@click.argument("name")
def customer_show(chosen: Settings, name: str) -> None:
    from kb.service.assets.customers import Customers
    from kb.service.assets.devices import Devices

    store = _opened(chosen)[0]
    found = Customers(store).find(name)
    click.echo("  ".join(filter(None, (found.row.name, listed(found.row.aliases), found.row.promises))))
    for site in found.sites:
        click.echo(f"  {site.name}  {site.city}  {site.address}".rstrip())
    for contact in found.contacts:
        click.echo(f"  {contact.name}  {contact.phone}  {contact.mail}".rstrip())
    for contract in found.contracts:
        told = f"{contract.number}  {label('contract', contract.kind)}  {contract.starts or ''}–{contract.ends or ''}"
        click.echo(f"  {told}  {contract.promises}".rstrip())
    for known in Devices(store).all(customer=found.row.id):
        click.echo("  " + _line(known))


# --- devices -----------------------------------------------------------------------------------


def _line(known: "Known") -> str:
    row = known.row
    ends = say("质保至 {d}", "warranty until {d}", d=row.warranty_until) if row.warranty_until else ""
    kept = say("维保至 {d}", "maintained until {d}", d=row.maintained_until) if row.maintained_until else ""
    state = label("device", row.state) if row.state != "in_use" else ""
    return "  ".join(filter(None, (row.product, row.serial, row.name, known.customer, known.site, ends, kept, state)))


@command(
    """列出设备；写词就只列产品、名称或序列号里有它的，扫到的条码也行。没有时退出码为 1。

    \b
    例：kb device list S5130
        kb device list --customer 省厅
    """,
    """List devices; with words, those whose product, name or serial holds them; a scanned barcode will do. Exits 1 when
    there are none.

    \b
    Example: kb device list S5130
             kb device list --customer Acme
    """,
    device,
)
@click.argument("text", default="")
@click.option("--customer", "owner", default="", help=say("客户", "customer"))
@json_option
def device_list(chosen: Settings, text: str, owner: str, as_json: bool) -> None:
    from kb.service.assets.customers import Customers
    from kb.service.assets.devices import Devices

    store = _opened(chosen)[0]
    of = Customers(store).find(owner).row.id if owner else 0
    _print_devices(Devices(store).all(text, of), as_json)


def _print_devices(found: "list[Known]", as_json: bool) -> None:
    from kb.service.assets.devices import as_told

    if as_json:
        print_json([as_told(known) for known in found])
    for known in found if not as_json else ():
        click.echo(_line(known))
    _nothing(found)


@command(
    """显示一台设备：日期、版本、换下换上、以前的服务单、该不该换新机。写序列号或扫到的条码。

    \b
    例：kb device show 210235A1QDH18C000123
    """,
    """Show a device: dates, versions, exchanges, earlier cases, whether a new one is due. By its serial, or a barcode.

    \b
    Example: kb device show 210235A1QDH18C000123
    """,
    device,
)
@click.argument("serial")
@json_option
def device_show(chosen: Settings, serial: str, as_json: bool) -> None:
    from kb.service.assets.devices import Devices, as_told

    store, policy = _opened(chosen)
    devices = Devices(store)
    known = devices.find(serial)
    history, due = devices.history(known.row.id), devices.due(known, policy.devices)
    if as_json:
        cases = [{"number": c.number, "title": c.title, "state": c.state, "cause": c.cause} for c in history.cases]
        print_json({**as_told(known), "new_one_due": due.now, "cases": cases})
        return
    click.echo(_line(known))
    for name, version in known.row.versions.items():
        click.echo(f"  {name}{colon()}{version}")
    for told, chain in (
        (say("换下的", "took the place of"), history.before),
        (say("换上的", "replaced by"), history.after),
    ):
        for other in chain:
            click.echo(f"  {told}{colon()}{other.label}")
    if due.now:
        note(say("硬件故障第 {n} 次：应换新机", "fault number {n}: a new device is due", n=due.faults))
    for case in history.cases:
        click.echo(f"  {case.number}  {label('state', case.state)}  {case.title}")


@command(
    """质保或维保快到期的设备，先到的在前。没有时退出码为 1。

    \b
    例：kb device ending
        kb device ending --days 90 --json
    """,
    """Devices whose warranty or maintenance ends soon, the first to end first. Exits 1 when there are none.

    \b
    Example: kb device ending
             kb device ending --days 90 --json
    """,
    device,
)
@click.option(
    "--days", type=click.IntRange(1, 3660), default=30, show_default=True, help=say("多少天内", "within days")
)
@json_option
def device_ending(chosen: Settings, days: int, as_json: bool) -> None:
    from kb.service.assets.devices import Devices

    store, policy = _opened(chosen)
    _print_devices(Devices(store).ending(datetime.now(policy.zone).date(), days), as_json)


# --- parts -------------------------------------------------------------------------------------


@command(
    """列出备件；--below 只列低于下限的。没有时退出码为 1。

    \b
    例：kb part list 电源
        kb part list --below
    """,
    """List parts; --below only those that run low. Exits 1 when there are none.

    \b
    Example: kb part list power
             kb part list --below
    """,
    part,
)
@click.argument("text", default="")
@click.option("--below", is_flag=True, help=say("低于下限的", "that run low"))
@json_option
def part_list(chosen: Settings, text: str, below: bool, as_json: bool) -> None:
    from kb.service.assets.stock import Stock

    stock = Stock(_opened(chosen)[0])
    low = {p.number: n for p, n in stock.below()} if below else {}
    found = [p for p in stock.parts(text) if not below or p.number in low]
    if as_json:
        print_json([{"number": p.number, "name": p.name, "minimum": p.minimum, "equals": p.equals} for p in found])
    for p in found if not as_json else ():
        told = (
            say("现有 {n}，下限 {least}", "{n} there, {least} wanted", n=low[p.number], least=p.minimum)
            if below
            else ""
        )
        click.echo("  ".join(filter(None, (p.number, p.name, told))))
    _nothing(found)


@command(
    """哪件在哪里；不写备件号就是全部。没有时退出码为 1。

    \b
    例：kb part stock
        kb part stock 0231A0QN
    """,
    """Which part lies where; all of them without a number. Exits 1 when there is nothing.

    \b
    Example: kb part stock
             kb part stock 0231A0QN
    """,
    part,
)
@click.argument("number", default="")
@json_option
def part_stock(chosen: Settings, number: str, as_json: bool) -> None:
    from kb.service.assets.stock import Stock

    found = [s for s in Stock(_opened(chosen)[0]).shelves() if number in ("", s.part.number)]
    if as_json:
        print_json([_shelf(s) for s in found])
    for s in found if not as_json else ():
        told = _shelf(s) | {"condition": label("condition", s.condition)}
        click.echo("  ".join(str(value) for value in told.values() if value != ""))
    _nothing(found)


def _shelf(s: "Shelf") -> dict[str, Any]:
    return {
        "number": s.part.number,
        "name": s.part.name,
        "city": s.place.city,
        "place": s.place.name,
        "condition": s.condition,
        "quantity": s.quantity,
    }


@command(
    """移动备件：从一处到另一处。写服务单就是为它占用；从 case 到库房是退回，到 customer 是用掉。

    \b
    例：kb part move 0231A0QN --from vendor --to 济南库 --quantity 4
        kb part move 0231A0QN --from 济南库 --case 137
        kb part move 0231A0QN --from case --to customer --case 137
    """,
    """Move parts from one place to another. With a case they are held for it; from `case` to a store they go back, to
    `customer` they were used.

    \b
    Example: kb part move 0231A0QN --from vendor --to Leeds --quantity 4
             kb part move 0231A0QN --from Leeds --case 137
             kb part move 0231A0QN --from case --to customer --case 137
    """,
    part,
)
@click.argument("number")
@click.option(
    "--from", "source", required=True, help=say("从哪里：库房，或 vendor、case ……", "a place, or vendor, case ...")
)
@click.option("--to", "target", default="", help=say("到哪里；写了服务单默认 case", "where to; with a case, it"))
@click.option("--quantity", type=int, default=1, show_default=True, help=say("几件", "how many"))
@click.option("--case", "of", default="", help=say("服务单号", "number of the case"))
@click.option(
    "--condition", type=click.Choice([c.value for c in Condition]), default="new", help=say("成色", "condition")
)
@click.option("--serial", default="", help=say("序列号", "serial"))
@click.option("--permit", default="", help=say("谁书面许可用非全新件", "who permitted a part that is not new"))
@click.option("--reason", default="", help=say("为什么", "why"))
@click.option("--anyway", is_flag=True, help=say("账上不够也移", "although there are too few"))
def part_move(chosen: Settings, number: str, source: str, target: str, quantity: int, of: str, **values: Any) -> None:
    from kb.service import cases
    from kb.service.assets.stock import Stock

    store, _ = _opened(chosen)
    case = cases.opened(chosen).find(of).now.number if of else ""
    target = target or ("case" if case else "")
    Stock(store).move(number, quantity, source, target, you(), case=case, **values)


@command(
    """盘点：某处实有几件；与账不符就记一笔更正，要写原因。

    \b
    例：kb part count 0231A0QN --at 济南库 --quantity 3 --reason 年末盘点
    """,
    """Count: how many really lie at a place; a move corrects what differs, with its reason.

    \b
    Example: kb part count 0231A0QN --at Leeds --quantity 3 --reason "end of the year"
    """,
    part,
)
@click.argument("number")
@click.option("--at", "place", required=True, help=say("哪里", "where"))
@click.option("--quantity", type=int, required=True, help=say("实有几件", "how many there are"))
@click.option("--reason", required=True, help=say("为什么盘点", "why"))
@click.option(
    "--condition", type=click.Choice([c.value for c in Condition]), default="new", help=say("成色", "condition")
)
def part_count(chosen: Settings, number: str, place: str, quantity: int, reason: str, condition: str) -> None:
    from kb.service.assets.stock import Stock

    differs = Stock(_opened(chosen)[0]).count(number, place, quantity, you(), reason, condition)
    note(say("更正 {n:+d} 件", "corrected by {n:+d}", n=differs) if differs else say("与账相符", "as it was thought"))


@command(
    """添一个库房，或改它；不写名称就列出全部。

    \b
    例：kb part place 济南库 --city 济南 --kind common --keeper 老周 --phone 5550100
        kb part place
    """,
    """Add a place of parts, or change it; without a name, list them.

    \b
    Example: kb part place Leeds --city Leeds --kind common --keeper Zhou --phone 5550100
             kb part place
    """,
    part,
)
@click.argument("name", default="")
@click.option("--city", default="", help=say("城市", "city"))
@click.option(
    "--kind", type=click.Choice([k.value for k in PlaceKind]), default="common", help=say("哪一种", "which kind")
)
@click.option("--keeper", default="", help=say("保管人", "who keeps it"))
@click.option("--phone", default="", help=say("电话", "telephone"))
def part_place(chosen: Settings, name: str, city: str, kind: str, keeper: str, phone: str) -> None:
    from kb.service.assets.stock import Stock

    stock = Stock(_opened(chosen)[0])
    if name:
        stock.add_place(name, city, kind, keeper, phone)
        return
    for place in stock.places():
        told = (place.city, place.name, label("place", place.kind), place.keeper, place.phone)
        click.echo("  ".join(filter(None, told)))


def _nothing(found: Any) -> None:
    if not found:
        note(say("没有", "there are none"))
        raise click.exceptions.Exit(NOTHING)
