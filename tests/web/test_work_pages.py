"""Pages of works: lists, one on a phone, its paper, the signature; figures; the field pack, and what comes back."""

import html
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from test_assets import DEVICE, fill
from test_case_pages import do, post, report
from test_permissions import cheap, people, signed_in, site  # noqa: F401 - fixtures

from kb.people.accounts import People
from kb.settings import Settings
from kb.web import create_app

DRAWN = "10,10 20,30 40,35"
WHOLE = {"restore__verification": "试了", "restore__cause": "hardware", "restore__handling": "onsite"}


@pytest.fixture
def settings(sample_settings: Settings, tmp_path: Path) -> Settings:
    return replace(sample_settings, database=str(tmp_path / "guzhi.db"), service="on")


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    fill(settings)
    return create_app(settings).test_client()


def planned(client: FlaskClient, of: str = "visit", **fields: Any) -> str:
    """A case with one piece of work."""
    number = report(client, customer="省厅", contact="王工 13800138000", device=DEVICE)
    do(client, number, "reply", "收到")
    given = {f"plan__{name}": value for name, value in fields.items()}
    assert do(client, number, "plan", plan__of=of, **given).status_code == 303
    return number


def step(client: FlaskClient, number: str, action: str, work: int = 1, **fields: Any) -> Any:
    return post(client, f"/cases/{number}/works/{work}", action=action, **fields)


def test_a_visit_by_its_buttons(client: FlaskClient) -> None:
    """The page offers the steps of its kind, each once, and asks for words that are needed; it is listed until done."""
    number = planned(client, who="王五")
    assert number in client.get("/works").text
    page = client.get(f"/cases/{number}/works/1").text
    for name in ("leave", "arrive", "act", "finish", "sign", "drop"):
        assert f'id="step-{name}"' in page, name
    assert 'id="step-exchange"' not in page
    assert "到场" in page
    assert step(client, number, "leave").status_code == 303
    assert 'id="step-leave"' not in client.get(f"/cases/{number}/works/1").text
    assert step(client, number, "arrive").status_code == 303
    refused = step(client, number, "act")
    assert refused.status_code == 422
    assert "正文 (text)" in refused.text
    step(client, number, "act", text="换了定影器")
    step(client, number, "finish", text="打了十页")
    page = client.get(f"/cases/{number}/works/1").text
    assert "换了定影器" in page
    assert 'id="step-sign"' in page
    assert 'id="step-drop"' not in page
    assert number not in client.get("/works").text
    assert step(client, number, "exchange", old="A1B2C", new="A1B2D").status_code == 422
    assert client.get(f"/cases/{number}/works/2").status_code == 404


def test_the_customer_signs_and_confirms(client: FlaskClient) -> None:
    """Strokes are shown as a picture of ours, on page, case and paper; what are no strokes is refused."""
    number = planned(client)
    do(client, number, "restore", "换定影器", **WHOLE)
    step(client, number, "finish")
    assert step(client, number, "sign", signer="王工", strokes="<script>").status_code == 422
    assert step(client, number, "sign", signer="王工", strokes=DRAWN, confirm="1").status_code == 303
    for path in (f"/cases/{number}/works/1", f"/cases/{number}/works/1/paper", f"/cases/{number}"):
        page = client.get(path).text
        assert '<polyline points="10,10 20,30 40,35"/>' in page, path
        assert "王工" in page, path
    assert "客户确认" in client.get(f"/cases/{number}").text


def test_without_a_drawing_the_name_will_do(client: FlaskClient) -> None:
    """Typed, it is a signature all the same."""
    number = planned(client)
    assert step(client, number, "sign", signer="王工").status_code == 303
    assert "王工" in client.get(f"/cases/{number}/works/1/paper").text


def test_the_paper_of_an_exchange(client: FlaskClient) -> None:
    """Both serials, and that storage media stay and parts are new; the one that is taken out is filled in."""
    number = planned(client, "exchange")
    assert 'value="CNB9K01234"' in client.get(f"/cases/{number}/works/1").text
    post(client, "/parts/move", case=number, part="DISK-4T", source="济南库", target="case", key="k")
    step(client, number, "exchange", old="CNB9K01234", new="CNB9K09999")
    paper = client.get(f"/cases/{number}/works/1/paper").text
    for told in ("更换单", "CNB9K01234", "CNB9K09999", "只用全新原厂备件", "存储介质", "DISK-4T"):
        assert told in paper, told


def test_a_training_and_its_paper(client: FlaskClient) -> None:
    """Manuals are linked by their titles, who attended stands there; before, there are lines to sign on."""
    number = planned(client, "training", manuals="KB-000012 KB-999999")
    paper = client.get(f"/cases/{number}/works/1/paper").text
    assert "49.4C02" in paper
    assert "KB-999999" in paper
    assert paper.count('class="blank"') > 5
    step(client, number, "finish", text="讲了换驱动", attended="王工、李工")
    assert "王工、李工" in client.get(f"/cases/{number}/works/1/paper").text


def test_a_visit_that_is_not_needed(client: FlaskClient) -> None:
    """Restored from afar, it is neither open nor missed, and the figures say so."""
    number = planned(client)
    do(client, number, "restore", "远程改了配置", **{**WHOLE, "restore__handling": "remote"})
    assert "不再需要" in client.get(f"/cases/{number}").text
    assert number not in client.get("/works").text
    figures = client.get("/cases/figures").text
    assert "不再需要" in figures
    assert "1 / 1" in figures
    rows = client.get("/cases/figures/works.csv").text
    assert "上门,不再需要,1,1" in rows
    assert "远程恢复,,1,1" in rows


def test_programs_see_works(client: FlaskClient) -> None:
    """With a case: kind, state, when each step was."""
    number = planned(client)
    step(client, number, "arrive")
    [work] = client.get(f"/api/v1/cases/{number}").get_json()["works"]
    assert (work["kind"], work["state"]) == ("visit", "going_on")
    assert list(work["reached"]) == ["arrived"]


# --- the field pack ------------------------------------------------------------------------------


def known(text: str) -> dict[str, Any]:
    found = re.search(r'data-known="([^"]+)"', text)
    assert found
    told: dict[str, Any] = json.loads(html.unescape(found[1]))
    return told


def bring(client: FlaskClient, number: str, said: dict[str, Any]) -> Any:
    return post(client, f"/cases/{number}/field", file=(io.BytesIO(json.dumps(said).encode()), "f.json"))


def test_a_pack_goes_out_and_comes_back(client: FlaskClient) -> None:
    """As one file; what was filled in is seen, then written, and the second time there is nothing to write."""
    number = planned(client)
    answer = post(client, f"/cases/{number}/pack")
    assert answer.headers["Content-Disposition"].endswith(f"guzhi-field-{number}.html")
    said = {**known(answer.text), "work": "1", "diagnosis": "电源<b>灯</b>不亮", "measures": "换电源", "signer": "王工"}
    seen = bring(client, number, said)
    assert "会写入" in seen.text
    assert "电源&lt;b&gt;灯&lt;/b&gt;不亮" in seen.text
    assert "entry-item diagnosed" not in client.get(f"/cases/{number}").text
    content = re.search(r'<textarea name="content" hidden>(.*?)</textarea>', seen.text, re.DOTALL)
    assert content
    sent = {"content": html.unescape(content[1]), "action": "write"}
    assert post(client, f"/cases/{number}/field", **sent).status_code == 303
    assert "换电源" in client.get(f"/cases/{number}/works/1").text
    assert "都已读过" in bring(client, number, said).text


def test_a_file_of_another_case_is_refused_on_the_page(client: FlaskClient) -> None:
    """With a sentence, and nothing written; nor is what is no file of a pack."""
    number, other = planned(client), planned(client)
    said = {**known(post(client, f"/cases/{number}/pack").text), "diagnosis": "甲"}
    refused = bring(client, other, said)
    assert (refused.status_code, "不是" in refused.text) == (422, True)
    assert bring(client, number, {"guzhi": "x"}).status_code == 422
    assert post(client, f"/cases/{number}/field").status_code == 422


def test_programs_bring_it_back_too(client: FlaskClient) -> None:
    """Seen or written, by the same checks."""
    number = planned(client)
    said = {**known(post(client, f"/cases/{number}/pack").text), "work": "1", "diagnosis": "甲"}
    body = {"content": json.dumps(said), "write": True}
    told = client.post(f"/api/v1/cases/{number}/field", json=body).get_json()
    assert (told["new"], told["entries"][0]["known"]) == (1, False)
    assert client.post(f"/api/v1/cases/{number}/field", json=body).get_json()["new"] == 0
    assert client.post(f"/api/v1/cases/{number}/field", json={"content": "{}"}).status_code == 400


def test_who_sees_works(site: Settings, people: People) -> None:  # noqa: F811
    """Agents and up; readers see neither list, nor work, nor pack."""
    app = create_app(replace(site, service="on"))
    reader, engineer = signed_in(app, "reader"), signed_in(app, "engineer")
    number = planned(engineer)
    for path in ("/works", f"/cases/{number}/works/1", f"/cases/{number}/works/1/paper"):
        assert reader.get(path).status_code == 403, path
        assert engineer.get(path).status_code == 200, path
