"""The site behind a proxy, by the examples of scripts/deploy: who signs in, who writes, where redirects lead."""

import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
import yaml
from argon2 import PasswordHasher
from conftest import Write
from test_server import serving

from kb.cli import cli
from kb.database.api_tokens import Access
from kb.database.connection import Store
from kb.people import passwords
from kb.people.accounts import People
from kb.people.journal import Journal
from kb.settings import SETTINGS, Settings

DEPLOY = Path(__file__).parents[2] / "scripts" / "deploy"
NAME = "kb.example.com"
PASSWORD = "蓝色 cable 与 47 只乌鸦"
OWN = {"Origin": f"https://{NAME}", "Sec-Fetch-Site": "same-origin"}
ARTICLE = "---\nid: KB-000001\ntitle: 打印机卡纸\nkind: manual\nstatus: published\n---\n\n清洁搓纸轮。\n"
TRIES = 200

COMPOSE = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text("utf8"))


def test_the_compose_file_is_whole() -> None:
    """Every network, volume, secret, file and setting that a container names is there, and no password stands in it."""
    named = {s.name.upper() for s in SETTINGS} | {"SECRET_FILE"}
    for name, service in COMPOSE["services"].items():
        assert set(service["networks"]) <= COMPOSE["networks"].keys(), name
        assert set(service.get("secrets", ())) <= COMPOSE["secrets"].keys(), name
        assert set(service.get("depends_on", ())) <= COMPOSE["services"].keys(), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            place = DEPLOY / source
            assert source in COMPOSE["volumes"] or source == "./articles" or place.exists(), volume
        for key, value in service.get("environment", {}).items():
            assert not key.startswith("KB_") or key.removeprefix("KB_") in named, key
            assert "PASSWORD" not in key or key.endswith("_FILE"), value
    sites = [s for name, s in COMPOSE["services"].items() if name.startswith("site-")]
    assert len(sites) == 2
    for site in sites:
        assert (DEPLOY / site["build"]["context"] / site["build"]["dockerfile"]).exists()
        extras = tomllib.loads((DEPLOY.parents[1] / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        assert set(site["build"]["args"]["EXTRAS"].split()) <= extras.keys()
        settings = {k.removeprefix("KB_").lower(): v for k, v in site["environment"].items() if k.startswith("KB_")}
        known = {s.name: s.parse for s in SETTINGS}
        assert all(known[key](value) is not None for key, value in settings.items() if key in known)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str


class Front(NamedTuple):
    """A proxy that runs: its ports, the address of the site behind it, its database, secrets of tokens."""

    plain: int
    secure: int
    site: str
    database: str
    tokens: dict[str, str]

    def ask(self, method: str, path: str, *, secure: bool = True, **more: Any) -> Answer:
        """A request as a browser elsewhere would send it. more: headers, body, host, cookies, which grow."""
        cookies = more.get("cookies", {})
        headers = {"Host": more.get("host", NAME), **more.get("headers", {})}
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        connection = (
            _Secure("127.0.0.1", self.secure) if secure else http.client.HTTPConnection("127.0.0.1", self.plain)
        )
        connection.request(method, path, more.get("body"), headers)
        found = connection.getresponse()
        text = found.read().decode()
        if found.headers.get_content_type() == "application/json":
            text = json.dumps(json.loads(text), ensure_ascii=False)
        connection.close()
        for line in found.headers.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            assert "Secure" in line, line
            cookies[name] = value
        return Answer(found.status, {k.lower(): v for k, v in found.getheaders()}, text)

    def sign_in(self, login: str, **more: Any) -> dict[str, str]:
        """The cookies of a browser in which somebody signed in."""
        cookies: dict[str, str] = {}
        form = self.ask("GET", "/sign-in", cookies=cookies)
        token = re.search(r'name="token" value="([^"]+)"', form.text)
        assert token
        body = urlencode({"token": token[1], "login": login, "password": PASSWORD})
        headers = {"Content-Type": "application/x-www-form-urlencoded", **OWN, **more}
        went = self.ask("POST", "/sign-in", cookies=cookies, headers=headers, body=body)
        assert went.status == 303, went.text
        return cookies


class _Secure(http.client.HTTPConnection):
    """TLS under the site's name, whose certificate is a test's own."""

    def connect(self) -> None:
        super().connect()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.sock = context.wrap_socket(self.sock, server_hostname=NAME)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def replaced(text: str, changes: dict[str, str]) -> str:
    """An example with what differs on this machine; each piece has to be there."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def nginx(folder: Path, plain: int, secure: int, site: str) -> list[str]:
    """The example as nginx of a test reads it: other ports and places, nothing else. Its command."""
    example = replaced(
        (DEPLOY / "nginx.conf").read_text("utf8"),
        {
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ssl;": f"listen 127.0.0.1:{secure} ssl;",
            "/etc/nginx/tls/kb.crt": str(folder / "kb.crt"),
            "/etc/nginx/tls/kb.key": str(folder / "kb.key"),
            "http://127.0.0.1:8000": site,
        },
    )
    (folder / "site.conf").write_text(example, "utf8")
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nworker_processes 1;\nuser root;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{places}include {folder}/site.conf;\n}}\n",
        "utf8",
    )
    return ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, plain: int, secure: int, site: str) -> list[str]:
    """The same for Caddy, with a certificate of the test's own."""
    example = replaced(
        (DEPLOY / "Caddyfile").read_text("utf8"),
        {
            f"\n{NAME} {{": f"\n{NAME} {{\n\tbind 127.0.0.1\n\ttls {folder}/kb.crt {folder}/kb.key\n",
            f"http://{NAME} {{": f"http://{NAME} {{\n\tbind 127.0.0.1\n",
            "127.0.0.1:8000": site.removeprefix("http://"),
        },
    )
    options = f"{{\n\tadmin off\n\thttp_port {plain}\n\thttps_port {secure}\n\tstorage file_system {folder}/store\n}}\n"
    (folder / "Caddyfile").write_text(options + example, "utf8")
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


PROXIES: dict[str, Callable[[Path, int, int, str], list[str]]] = {"nginx": nginx, "caddy": caddy}


@contextmanager
def running(command: list[str], ports: tuple[int, ...], folder: Path) -> Iterator[None]:
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, cwd=folder)
        try:
            for port in ports:
                _wait(port, process, folder)
            yield
        finally:
            process.terminate()
            process.wait(30)


def _wait(port: int, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    for _ in range(TRIES):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert process.poll() is None, (folder / "said").read_text("utf8")
            time.sleep(0.1)
    pytest.fail((folder / "said").read_text("utf8"))


@pytest.fixture(params=sorted(PROXIES))
def front(
    request: pytest.FixtureRequest, settings: Settings, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Front]:
    """The site behind each proxy that is installed."""
    for program in (request.param, "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: apt-get install {program})")
    write("a.md", ARTICLE)
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    store = Store(settings.database)
    people = People(store)
    for role in ("reader", "writer"):
        people.choose(people.add(role, f"{role} 某人", role), PASSWORD)
    tokens = {scope: Access(store).create(scope, scope, "writer") for scope in ("metrics", "retrieval", "write")}
    store.close()
    folder = tmp_path / "proxy"
    folder.mkdir(mode=0o755)
    subject = f"/CN={NAME}"
    made = "openssl req -x509 -nodes -newkey rsa:2048 -days 1 -keyout kb.key -out kb.crt -subj".split()
    subprocess.run([*made, subject], check=True, capture_output=True, cwd=folder)
    proxies = {"KB_SITE_NAMES": NAME, "KB_TRUSTED_PROXIES": "127.0.0.1", "KB_HSTS": "true"}
    with serving(tmp_path, KB_PROCESSES="1", **proxies) as (_, site):
        plain, secure = free_port(), free_port()
        with running(PROXIES[request.param](folder, plain, secure, site), (plain, secure), folder):
            yield Front(plain, secure, site, settings.database, tokens)


def test_behind_a_proxy(front: Front) -> None:
    """People sign in and act by their role, programs by their tokens; a browser's own word on where it comes from is
    none, cookies go by TLS alone, and no address tells where the site really is."""
    # Plain http leads people on, and programs nowhere
    moved = front.ask("GET", "/search?q=x", secure=False)
    assert (moved.status in (301, 308), moved.headers["location"]) == (True, f"https://{NAME}/search?q=x")
    for path in ("/api/v1/search?q=x", "/retrieval", "/metrics"):
        assert front.ask("GET", path, secure=False).status == 403, path

    # Who reads
    for path in ("/", "/insights", "/a/KB-000001"):
        led = front.ask("GET", path, headers={"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "evil.example"})
        assert (led.status, led.headers["location"].startswith("/sign-in?")) == (303, True)
    assert front.ask("GET", "/api/v1/search?q=x").status == 401
    other = front.ask("GET", "/", host="other.example")
    assert other.status in (200, 421)  # Caddy answers other names itself, with nothing
    assert "故知" not in other.text or other.status == 421
    reader = front.sign_in("reader", **{"X-Forwarded-For": "203.0.113.9"})
    assert set(reader) == {"__Host-guzhi", "__Host-guzhi-person"}
    home = front.ask("GET", "/", cookies=reader)
    assert (home.status, "reader 某人" in home.text) == (200, True)
    assert home.headers["x-frame-options"] == "DENY"
    assert home.headers["strict-transport-security"].startswith("max-age=31536000")
    assert len(home.headers["x-request-id"]) >= 16
    store = Store(front.database)
    assert {line.address for _, line in Journal(store).lines() if line.action == "signed_in"} == {"127.0.0.1"}
    store.close()

    # Who writes
    writer = front.sign_in("writer")
    source = json.loads(front.ask("GET", "/api/v1/sources/KB-000001", cookies=writer).text)
    changed = json.dumps({"text": ARTICLE.replace("清洁", "更换"), "note": "换"})
    sent = {**OWN, "Content-Type": "application/json", "If-Match": f'"{source["digest"]}"'}
    stranger: dict[str, str] = {}
    for jar, headers, status in (
        (stranger, sent, 401),
        (reader, sent, 403),
        (writer, {**sent, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
        (writer, sent, 200),
    ):
        done = front.ask("PUT", "/api/v1/sources/KB-000001", cookies=jar, headers=headers, body=changed)
        assert done.status == status, done.text
    assert front.ask("GET", "/new", cookies=reader).status == 403
    assert front.ask("GET", "/new", cookies=writer).status == 200

    # Programs
    asked = json.dumps({"knowledge_id": "guzhi", "query": "卡纸", "retrieval_setting": {"top_k": 1}})
    token = {"Authorization": f"Bearer {front.tokens['retrieval']}", "Content-Type": "application/json"}
    found = front.ask("POST", "/retrieval", headers=token, body=asked)
    assert (found.status, "搓纸轮" in found.text) == (200, True)
    assert front.site.removeprefix("http://") not in found.text
    assert front.ask("POST", "/retrieval", headers={**token, "Authorization": "Bearer x"}, body=asked).status == 403
    verdict = json.dumps({"article": "KB-000001", "verdict": "helpful", "text": "卡纸"})
    writing = {**token, "Authorization": f"Bearer {front.tokens['write']}"}
    assert front.ask("POST", "/api/v1/verdicts", headers=writing, body=verdict).status == 201
    assert front.ask("GET", "/metrics").status == 401
    figures = front.ask("GET", "/metrics", headers={"Authorization": f"Bearer {front.tokens['metrics']}"})
    assert (figures.status, "guzhi_articles 1.0" in figures.text) == (200, True)

    # A paste, redirects, addresses
    form_token = re.search(r'name="token" value="([^"]+)"', home.text)
    assert form_token
    form = {**OWN, "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"token": form_token[1], "text": "卡纸"})
    went = front.ask("POST", "/ask", cookies=reader, headers=form, body=body)
    assert went.status == 303
    for where in (went, front.ask("GET", "/a/KB-000001", cookies=reader)):
        assert where.headers.get("location", "/").startswith(("/", f"https://{NAME}/"))
    for path in ("/feed.xml", "/opensearch.xml", "/api"):
        text = front.ask("GET", path, cookies=reader).text
        assert front.site.removeprefix("http://") not in text
        assert "127.0.0.1" not in text.replace("http://127.0.0.1:8000", ""), path


# --- the other examples -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["guzhi.service", "guzhi-backup.service", "Containerfile"])
def test_examples_run_commands_that_exist(name: str) -> None:
    """What a unit or an image starts is a command of ours, with options that it has."""
    text = (DEPLOY / name).read_text("utf8")
    used = re.findall(r"kb (serve|backup|restore)((?: --\w+)*)", text) + re.findall(r'"kb", "(\w+)"()', text)
    assert used
    for command, options in used:
        known = {option for p in cli.all()[command].params for option in p.opts}
        assert set(options.split()) <= known


@pytest.mark.parametrize("name", ["guzhi.service", "guzhi-backup.service", "guzhi-backup.timer"])
def test_systemd_reads_the_units(name: str, tmp_path: Path) -> None:
    """systemd knows every line of them."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    for unit in DEPLOY.glob("guzhi*.*"):
        text = unit.read_text("utf8").replace("/opt/guzhi/.venv/bin/kb", "/bin/true")
        (tmp_path / unit.name).write_text(text, "utf8")
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "guzhi" in line]
    assert not [line for line in ours if "Unknown" in line or "ignoring" in line or "not executable" in line], ours


def test_the_image_is_closed() -> None:
    """Not root, one volume, what is written lies in it, packages by their hashes, nothing listens beyond loopback."""
    text = (DEPLOY / "Containerfile").read_text("utf8")
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    last = lines[max(n for n, line in enumerate(lines) if line.startswith("FROM")) :]
    assert "USER guzhi" in last
    assert last.index("USER guzhi") < last.index('CMD ["kb", "serve"]')
    assert [line for line in last if line.startswith("VOLUME")] == ["VOLUME /data"]
    assert "WORKDIR /data" in last
    assert not [
        line for line in lines if "pip install" in line and "--require-hashes" not in line and "--no-deps" not in line
    ]
    assert "0.0.0.0" not in text
