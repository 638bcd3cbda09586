"""The site behind a proxy, by the examples of scripts/deploy: who reads, who writes, where redirects lead."""

import base64
import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import Write
from test_server import answer, serving

from kb.cli import cli
from kb.database.api_tokens import Access
from kb.database.connection import Store
from kb.settings import Settings

DEPLOY = Path(__file__).parents[2] / "scripts" / "deploy"
NAME = "kb.example.com"
USER, PASSWORD = "xiaowang", "only for a test"
ARTICLE = "---\nid: KB-000001\ntitle: 打印机卡纸\nkind: manual\nstatus: published\n---\n\n清洁搓纸轮。\n"
TRIES = 200


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str


class Front(NamedTuple):
    """A proxy that runs: its ports, the address of the site behind it, secrets of tokens."""

    plain: int
    secure: int
    site: str
    tokens: dict[str, str]

    def ask(self, method: str, path: str, *, login: bool = True, secure: bool = True, **more: Any) -> Answer:
        """A request as a browser elsewhere would send it. more: headers, body, host."""
        headers = {"Host": more.get("host", NAME), **more.get("headers", {})}
        if login:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        connection = (
            _Secure("127.0.0.1", self.secure) if secure else http.client.HTTPConnection("127.0.0.1", self.plain)
        )
        connection.request(method, path, more.get("body"), headers)
        found = connection.getresponse()
        text = found.read().decode()
        if found.headers.get_content_type() == "application/json":
            text = json.dumps(json.loads(text), ensure_ascii=False)
        connection.close()
        return Answer(found.status, {k.lower(): v for k, v in found.getheaders()}, text)


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
    hashed = subprocess.run(["openssl", "passwd", "-apr1", PASSWORD], check=True, capture_output=True, text=True).stdout
    (folder / "htpasswd").write_text(f"{USER}:{hashed}", "utf8")
    example = replaced(
        (DEPLOY / "nginx.conf").read_text("utf8"),
        {
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ssl;": f"listen 127.0.0.1:{secure} ssl;",
            "/etc/nginx/tls/kb.crt": str(folder / "kb.crt"),
            "/etc/nginx/tls/kb.key": str(folder / "kb.key"),
            "/etc/nginx/guzhi.htpasswd": str(folder / "htpasswd"),
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
    command = ["caddy", "hash-password", "--plaintext", PASSWORD]
    hashed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    example = replaced(
        (DEPLOY / "Caddyfile").read_text("utf8"),
        {
            f"{NAME} {{": f"{NAME} {{\n\tbind 127.0.0.1\n\ttls {folder}/kb.crt {folder}/kb.key\n",
            "USER HASH": f"{USER} {hashed}",
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
def front(request: pytest.FixtureRequest, settings: Settings, write: Write, tmp_path: Path) -> Iterator[Front]:
    """The site behind each proxy that is installed."""
    for program in (request.param, "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: apt-get install {program})")
    write("a.md", ARTICLE)
    store = Store(settings.database)
    tokens = {scope: Access(store).create(scope, scope) for scope in ("metrics", "retrieval", "write")}
    store.close()
    folder = tmp_path / "proxy"
    folder.mkdir(mode=0o755)
    subject = f"/CN={NAME}"
    made = "openssl req -x509 -nodes -newkey rsa:2048 -days 1 -keyout kb.key -out kb.crt -subj".split()
    subprocess.run([*made, subject], check=True, capture_output=True, cwd=folder)
    with serving(tmp_path, KB_PROCESSES="1", KB_SITE_NAMES=NAME) as (_, site):
        plain, secure = free_port(), free_port()
        with running(PROXIES[request.param](folder, plain, secure, site), (plain, secure), folder):
            yield Front(plain, secure, site, tokens)


def test_behind_a_proxy(front: Front) -> None:
    """Reading takes the login and a known name, writing is for this machine alone, programs come with their tokens,
    a paste works, and no address tells where the site really is."""
    # Who reads
    moved = front.ask("GET", "/search?q=x", login=False, secure=False)
    assert (moved.status in (301, 308), moved.headers["location"]) == (True, f"https://{NAME}/search?q=x")
    for path in ("/", "/api/v1/search?q=x", "/insights", "/static/style.css", "/health"):
        refused = front.ask("GET", path, login=False)
        assert (refused.status, "basic" in refused.headers["www-authenticate"].lower()) == (401, True)
    home = front.ask("GET", "/")
    assert home.status == 200
    assert home.headers["x-frame-options"] == "DENY"
    assert len(home.headers["x-request-id"]) >= 16
    assert 'href="/new' not in home.text
    other = front.ask("GET", "/", host="other.example")
    assert other.status in (200, 421)  # Caddy answers other names itself, with nothing
    assert "搓纸轮" not in other.text
    assert "故知" not in other.text or other.status == 421

    # Who writes
    here = {"Origin": f"https://{NAME}", "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
    verdict = json.dumps({"article": "KB-000001", "verdict": "helpful", "text": "卡纸"})
    for method, path in (("POST", "/api/v1/verdicts"), ("PUT", "/api/v1/sources/KB-000001"), ("POST", "/api/v1/state")):
        refused = front.ask(method, path, headers=here, body=verdict)
        assert refused.status == 403, path
        assert "本机" in refused.text
    for path in ("/new", "/edit/KB-000001", "/import", "/review"):
        assert front.ask("GET", path).status == 403, path
    direct = {"Content-Type": "application/json", "Authorization": f"Bearer {front.tokens['write']}"}
    assert answer(f"{front.site}/api/v1/verdicts", data=verdict.encode(), headers=direct)["id"] > 0

    # Programs
    asked = json.dumps({"knowledge_id": "guzhi", "query": "卡纸", "retrieval_setting": {"top_k": 1}})
    token = {"Authorization": f"Bearer {front.tokens['retrieval']}", "Content-Type": "application/json"}
    found = front.ask("POST", "/retrieval", login=False, headers=token, body=asked)
    assert (found.status, "搓纸轮" in found.text) == (200, True)
    assert front.site.removeprefix("http://") not in found.text
    assert front.ask("POST", "/retrieval", login=False, headers={**token, "Authorization": "Bearer x"}).status == 403
    assert front.ask("GET", "/metrics", login=False).status == 401
    figures = front.ask("GET", "/metrics", login=False, headers={"Authorization": f"Bearer {front.tokens['metrics']}"})
    assert (figures.status, "guzhi_articles 1.0" in figures.text) == (200, True)

    # A paste, redirects, addresses
    cookie = home.headers["set-cookie"].partition(";")[0]
    form_token = re.search(r'name="token" value="([^"]+)"', home.text)
    assert form_token
    form = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{NAME}"}
    went = front.ask("POST", "/ask", headers=form, body=f"token={form_token[1]}&text=%E5%8D%A1%E7%BA%B8")
    assert went.status == 303
    for where in (went.headers["location"], front.ask("GET", "/a/KB-000001").headers.get("location", "/")):
        assert where.startswith(("/", f"https://{NAME}/")), where
    for path in ("/feed.xml", "/opensearch.xml", "/api"):
        text = front.ask("GET", path).text
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
        known = {option for p in cli.commands[command].params for option in p.opts}
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
