"""Two sites of one base, as on two machines: an index folder each; one cluster, one database, one set of articles."""

import json
import os
import re
import signal
from contextlib import suppress
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener
from uuid import uuid4

import clusters
import databases
import pytest
from test_server import answer, children, serving, until

from kb.database.api_tokens import Access
from kb.database.connection import Store
from kb.database.election import holder
from kb.desk import publishing
from kb.people.accounts import People
from kb.settings import Settings, load

PASSWORD = "蓝色 cable 与 47 只乌鸦"
ARTICLE = "---\nid: KB-{n:06d}\nkind: manual\ntitle: {word}手册\nstatus: published\n---\n\n{word}要每月清洁。\n"
SECRET = "the same on both machines"


def site_of(folder: Path, shared: Path, database: str, index: str) -> Settings:
    """The kb.toml of one machine."""
    folder.mkdir()
    nodes = ", ".join(f'"{address}"' for address in clusters.shared("one", 1).addresses)
    (folder / "kb.toml").write_text(
        f'engine = "opensearch"\nopensearch = [{nodes}]\nopensearch_index = "{index}"\nopensearch_replicas = 0\n'
        f'articles = "{shared}"\ndatabase = "{database}"\nworkers = 1\nencoder = "off"\nlanguage = "zh"\n',
        "utf8",
    )
    return load(folder=folder)


def browser() -> OpenerDirector:
    return build_opener(HTTPCookieProcessor(CookieJar()))


def get(opener: OpenerDirector, address: str) -> str:
    with opener.open(address, timeout=60) as found:
        return str(found.read().decode())


def sign_in(opener: OpenerDirector, form_from: str, to: str, password: str) -> str:
    """The page that follows; the form of one site is sent to another."""
    token = re.search(r'name="token" value="([^"]+)"', get(opener, f"{form_from}/sign-in"))
    assert token
    body = urlencode({"token": token[1], "login": "chen", "password": password}).encode()
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": to}
    try:
        with opener.open(Request(f"{to}/sign-in", body, headers), timeout=60) as found:
            return str(found.read().decode())
    except HTTPError as error:
        return f"{error.code} {error.read().decode()}"


def found(site: str, word: str, token: str) -> list[str]:
    headers = {"Authorization": f"Bearer {token}"}
    hits = answer(f"{site}/api/v1/search?q={quote(word)}", headers=headers)["hits"]
    return [hit["id"] for hit in hits]


def save(site: str, name: str, text: str, token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    address = f"{site}/api/v1/sources/{name}"
    digest = answer(address, headers=headers)["digest"]
    body = json.dumps({"text": text}).encode()
    return answer(address, data=body, method="PUT", headers={**headers, "If-Match": f'"{digest}"'})


@pytest.mark.slow
def test_two_sites(tmp_path: Path, postgresql: databases.Cluster) -> None:
    """Who signs in at one is signed in at the other, what is saved at either is found at both, and when the one that
    indexes is killed the other goes on."""
    clusters.require()
    shared, database, index = tmp_path / "articles", postgresql.database(), f"t{uuid4().hex}"
    shared.mkdir()
    for n, word in ((1, "打印机"), (2, "投影仪")):
        (shared / f"{n}.md").write_text(ARTICLE.format(n=n, word=word), "utf8")
    machines = [site_of(tmp_path / name, shared, database, index) for name in ("a", "b")]
    publishing.build(machines[0])
    store = Store(database)
    people = People(store)
    people.choose(people.add("chen", "陈丽", "administrator"), PASSWORD)
    token = Access(store).create("写", "write", "chen", a_minute=0)
    told = {"KB_PROCESSES": "1", "KB_SECRET": SECRET}
    with serving(tmp_path / "a", **told) as (first, a), serving(tmp_path / "b", **told) as (second, b):
        visitor = browser()
        assert "陈丽" in sign_in(visitor, a, b, PASSWORD)
        assert "陈丽" in get(visitor, f"{a}/account")
        assert [found(site, "投影仪", token) for site in (a, b)] == [["KB-000002"], ["KB-000002"]]
        names = [publishing._name(machine) for machine in machines]
        assert until(lambda: holder(store) in names)
        elected = names.index(str(holder(store)))
        servers, sites = [first, second], [a, b]
        # Saved where nothing is indexed, and where it is
        for n, site in ((1, sites[1 - elected]), (2, sites[elected])):
            save(site, f"{n}.md", ARTICLE.format(n=n, word=f"扫描仪{n}号"), token)
            for other in sites:
                assert until(lambda o=other, n=n: f"KB-{n:06d}" in found(o, f"扫描仪{n}号", token)), (n, other)  # type: ignore[misc]
        # The one that indexes is gone, with all its processes
        for pid in [*children(servers[elected].pid), servers[elected].pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        (shared / "3.md").write_text(ARTICLE.format(n=3, word="碎纸机"), "utf8")
        left = sites[1 - elected]
        assert until(lambda: "KB-000003" in found(left, "碎纸机", token))
        assert holder(store) == names[1 - elected]
        assert "陈丽" in get(visitor, f"{left}/account")
    store.close()
