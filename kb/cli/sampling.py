"""This module is sample-service: a made-up year of a service desk, to try its pages with."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from kb.cli.common import command, json_option, print_json
from kb.errors import BundleError, InputError
from kb.language import say
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.service.rounds.checklist import Item
    from kb.service.sampling import Known


@command(
    """造一年的服务台供试用：各种渠道的服务单，客户、地点、合同、设备，四个城市的备件库，值班，巡检与版本普查。

    同一个 --seed 造出同样的一年。已有服务单时不造，除非加 --yes；造出来的单和真的一样不能删除，请用试用的数据库。

    \b
    例：kb sample-service
        kb sample-service --seed 7 --count 500
    """,
    """Make up a year of a desk to try it with: cases of all channels, customers, sites, contracts, devices, stores of
    parts in four cities, duty, rounds and a census of versions.

    The same --seed makes the same year. Where there are cases already none are made without --yes; what is made can't
    be deleted, as no case can: use a database for trying.

    \b
    Example: kb sample-service
             kb sample-service --seed 7 --count 500
    """,
)
@click.option("--seed", default=1, show_default=True, help=say("同样的数造出同样的一年", "the same makes the same"))
@click.option("--count", default=300, show_default=True, type=click.IntRange(20, 5000),
              help=say("多少单", "how many cases"))  # fmt: skip
@click.option("--yes", is_flag=True, help=say("已有服务单也造", "also where there are cases already"))
@json_option
def sample_service(chosen: Settings, seed: int, count: int, yes: bool, as_json: bool) -> None:
    from kb.cli.cases import opened
    from kb.database.connection import Store
    from kb.service.assets.customers import Customers
    from kb.service.cases import Filter
    from kb.service.sampling import service_year
    from kb.service.sampling_estate import furnish, used

    cases = opened(chosen)
    if not yes and cases.all(Filter(any_state=True), 1):
        raise InputError(
            say("已经有服务单了；造出来的不能删除，确实要混在一起就加 --yes",
                "there are cases already, and what is made can't be deleted; add --yes to mix them")
        )  # fmt: skip
    store, now, checklists = Store(chosen.database), datetime.now(UTC), _checklists(chosen)
    there = bool(Customers(store).all(most=1))
    estate = None if there else furnish(cases, store, seed, checklists, now)
    made = service_year(cases, seed, count, _known(chosen), now, estate.machines if estate else ())
    if estate:
        used(cases, store, seed, checklists, now)
    counts = {
        "cases": made,
        "customers": estate.customers if estate else 0,
        "devices": len(estate.machines) if estate else 0,
        "stores": estate.stores if estate else 0,
        "plans": estate.plans if estate else 0,
    }
    if as_json:
        print_json({**counts, "seed": seed})
        return
    click.echo(
        say("造了 {cases} 单、{customers} 个客户、{devices} 台设备、{stores} 个库房、{plans} 个计划：见 /cases",
            "made {cases} cases, {customers} customers, {devices} devices, {stores} stores, {plans} plans of rounds: "
            "kb serve, and open /cases", **counts)
    )  # fmt: skip


def _known(chosen: Settings) -> list["Known"]:
    """Some articles that cases are solved by; none without an index."""
    from kb.search.engine import engines
    from kb.service.sampling import Known

    try:
        engine = engines(chosen.index).in_force()
    except BundleError:
        return []
    found = sorted((a for a in engine.articles() if a.status == "published" and a.kind == "case"), key=lambda a: a.id)
    return [Known(a.id, a.title, a.area) for a in found[:40]]


def _checklists(chosen: Settings) -> list[tuple[str, list["Item"]]]:
    """Two articles with checklists, each with its items; none without an index."""
    from kb.search.engine import engines
    from kb.service.rounds.checklist import items_of

    try:
        engine = engines(chosen.index).in_force()
    except BundleError:
        return []
    manuals = sorted(a.id for a in engine.articles() if a.status == "published" and a.kind == "manual")
    found = ((number, items_of(engine, number)) for number in manuals)
    return [(number, items) for number, items in found if items][:2]
