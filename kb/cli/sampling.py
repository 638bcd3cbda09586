"""This module is sample-service: a made-up year of a service desk, to try its pages with."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from kb.cli.common import command, json_option, print_json
from kb.errors import BundleError, InputError
from kb.language import say
from kb.settings import Settings

if TYPE_CHECKING:
    from kb.service.sampling import Known


@command(
    """造一年的服务单供试用：各种渠道、客户、紧急、合并、重开、确认与无回音，写成和没写成文章的。

    同一个 --seed 造出同样的一年。已有服务单时不造，除非加 --yes；造出来的单和真的一样不能删除，请用试用的数据库。

    \b
    例：kb sample-service
        kb sample-service --seed 7 --count 500
    """,
    """Make up a year of cases to try the desk with: channels, customers, emergencies, merges, reopenings, confirmed
    and silent ones, linked and unwritten.

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
    from kb.service.cases import Filter
    from kb.service.sampling import service_year

    cases = opened(chosen)
    if not yes and cases.all(Filter(any_state=True), 1):
        raise InputError(
            say("已经有服务单了；造出来的不能删除，确实要混在一起就加 --yes",
                "there are cases already, and what is made can't be deleted; add --yes to mix them")
        )  # fmt: skip
    made = service_year(cases, seed, count, _known(chosen), datetime.now(UTC))
    if as_json:
        print_json({"cases": made, "seed": seed})
    else:
        click.echo(
            say("造了 {n} 个服务单：kb serve，打开 /cases 看看", "made {n} cases: kb serve, and open /cases", n=made)
        )


def _known(chosen: Settings) -> list["Known"]:
    """Some articles that cases are solved by; none without an index."""
    from kb.search.engine import engines
    from kb.service.sampling import Known

    try:
        engine = engines(chosen).in_force()
    except BundleError:
        return []
    found = sorted((a for a in engine.articles() if a.status == "published" and a.kind == "case"), key=lambda a: a.id)
    return [Known(a.id, a.title, a.area) for a in found[:40]]
