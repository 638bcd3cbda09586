"""The page of duty: who is on call is shown where cases are; leads make the roster by form and by file."""

import io
from datetime import datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from test_case_pages import client, post, settings  # noqa: F401 - fixtures

NOW = datetime.now().astimezone()


def stamp(hours: float) -> str:
    return f"{NOW + timedelta(hours=hours):%Y-%m-%dT%H:%M}"


def add(client: FlaskClient, person: str, start: float, end: float, **fields: Any) -> Any:  # noqa: F811
    return post(client, "/duty", person=person, start=stamp(start), end=stamp(end), **fields)


def test_s18_duty_by_form(client: FlaskClient) -> None:  # noqa: F811
    """A shift that is on now is told on the page and above the cases; gaps and doubles are named; it can be removed."""
    assert add(client, "张三", -20, 20, phone="13800000000", team="网络组").status_code == 303
    told = client.get("/duty").text
    assert "网络组：张三 13800000000" in told
    assert "没人值班" in told
    assert "张三 13800000000" in client.get("/cases").text
    add(client, "李四", -20, 20, team="网络组")
    told = client.get("/duty").text
    assert "重了" in told
    number = told.rpartition('name="remove" value="')[2].partition('"')[0]
    assert post(client, "/duty", remove=number).status_code == 303
    assert "重了" not in client.get("/duty").text


def test_a_roster_as_a_file(client: FlaskClient) -> None:  # noqa: F811
    """A table is read whole or not at all; a wrong row is named, and what was typed stays."""
    table = f"值班人,开始,结束,电话\n王五,{stamp(-20)[:10]} 00:00,{stamp(30)[:10]} 23:00,13900000000\n".encode()
    assert post(client, "/duty", file=(io.BytesIO(table), "值班表.csv")).status_code == 303
    assert "王五 13900000000" in client.get("/duty").text
    wrong = post(client, "/duty", file=(io.BytesIO(table + "赵六,什么时候,明天,\n".encode()), "值班表.csv"))
    assert wrong.status_code == 400
    assert "3" in wrong.text
    assert "赵六" not in client.get("/duty").text
    assert add(client, "", 1, 2).status_code == 400
    backwards = add(client, "张三", 2, 1)
    assert backwards.status_code == 400
    assert 'value="张三"' in backwards.text
