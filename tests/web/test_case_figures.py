"""The lead's page of figures and its files: who may, what they hold, which periods there are."""

import csv
from dataclasses import replace
from io import StringIO

import pytest
from flask import Flask
from test_permissions import cheap, people, signed_in, site  # noqa: F401 - fixtures

from kb.database.connection import Store
from kb.people.accounts import People
from kb.service import cases as service
from kb.service.sampling import LEAST, service_year
from kb.settings import Settings
from kb.web import create_app
from kb.web.cases.figures import FILES


@pytest.fixture
def app(site: Settings, people: People) -> Flask:  # noqa: F811
    """A site with the smallest made-up year."""
    desk = replace(site, service="on")
    service_year(service.opened(desk, Store(site.database)), 3, LEAST + 10, [])
    return create_app(desk)


def test_figures_are_the_leads(app: Flask) -> None:
    """Customers' names stand in them: an agent reads none of it, nobody from elsewhere either."""
    agent, lead = signed_in(app, "agent"), signed_in(app, "lead")
    for path in ("/cases/figures", *(f"/cases/figures/{name}.csv" for name in FILES)):
        assert agent.get(path).status_code == 403, path
        assert lead.get(path).status_code == 200, path
    assert "/cases/figures" not in agent.get("/cases").text
    for period in ("abc", "0001", "9999", "9999-12", "2026-13", "2026-00", "１２３４", "2026-1"):
        assert lead.get("/cases/figures", query_string={"period": period}).status_code == 404, period
    assert lead.get("/cases/figures/none.csv").status_code == 404


def test_files_hold_all_of_it(app: Flask) -> None:
    """Each figure with its denominator, each miss with its reckoning, each customer and month."""
    lead = signed_in(app, "lead")

    def rows(name: str) -> list[list[str]]:
        return list(csv.reader(StringIO(lead.get(f"/cases/figures/{name}.csv?period=2026").text.lstrip("\ufeff"))))

    kept = {row[1]: row[2:] for row in rows("figures") if row[0] == "按时"}
    assert int(kept["响应"][0]) <= int(kept["响应"][1])
    misses = rows("misses")[1:]
    assert misses
    assert all("计入" in row[-1] for row in misses)
    assert sum(int(row[2]) for row in rows("months")[1:]) == int(rows("figures")[1][2])
    assert len(rows("unwritten")) > 1


def test_without_accounts_only_this_machine_sees_them(site: Settings) -> None:  # noqa: F811
    """Insights are for whoever reads; figures of cases are not."""
    app = create_app(replace(site, service="on", open_reading="yes"))
    elsewhere = app.test_client()
    elsewhere.environ_base |= {"REMOTE_ADDR": "192.0.2.7", "HTTP_HOST": "kb.example.com"}
    assert elsewhere.get("/insights").status_code == 200
    assert elsewhere.get("/cases/figures").status_code == 403
    assert app.test_client().get("/cases/figures").status_code == 200
