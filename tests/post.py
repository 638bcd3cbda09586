"""Servers of mail for tests, on loopback alone: one that takes it (aiosmtpd), one that holds it (Debian's dovecot)."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from imaplib import IMAP4
from pathlib import Path
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller

PATIENCE = 20.0
DOVECOT = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Letterbox:
    """A server that takes mail and keeps it. refuses: address -> the answer to a mail for it."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuses: dict[str, str] = {}
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        read = message_from_bytes(envelope.content, policy=default)
        assert isinstance(read, EmailMessage)
        self.mails.append(read)
        return "250 OK"

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


# --- a mailbox -----------------------------------------------------------------------------------


class Mailbox(NamedTuple):
    """A mailbox on a server of our own, whose password is "geheim"."""

    port: int

    def add(self, message: bytes) -> None:
        with self._opened() as box:
            box.append("INBOX", "", None, message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))

    def unread(self) -> int:
        with self._opened() as box:
            box.select("INBOX", readonly=True)
            return len(box.search(None, "UNSEEN")[1][0].split())

    def clear(self) -> None:
        with self._opened() as box:
            count = int(box.select("INBOX")[1][0] or 0)
            if count:
                box.store(f"1:{count}", "+FLAGS", "\\Deleted")
                box.expunge()

    def _opened(self) -> IMAP4:
        box = IMAP4("127.0.0.1", self.port)
        box.login("desk", "geheim")
        return box


def missing() -> str:
    """What keeps tests from a real mailbox, "" for nothing."""
    return "" if DOVECOT else "needs Debian's package dovecot-imapd"


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """dovecot in a temporary folder. Its parts run as other users than root, so that the folder is theirs too."""
    with tempfile.TemporaryDirectory(prefix="guzhi-imap-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        (folder / "mail").mkdir()
        os.chown(folder / "mail", user.pw_uid, user.pw_gid)
        port = free_port()
        (folder / "users").write_text("desk:{PLAIN}geheim\n", "utf8")
        (folder / "dovecot.conf").write_text(_configured(folder, port, user), "utf8")
        command = [str(DOVECOT), "-F", "-c", str(folder / "dovecot.conf")]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(port, server)
            yield Mailbox(port)
        finally:
            server.terminate()
            server.wait(10)


def _configured(folder: Path, port: int, user: pwd.struct_passwd) -> str:
    own = pwd.getpwuid(os.getuid()).pw_name
    others = "" if os.getuid() == 0 else f"default_internal_user = {own}\ndefault_login_user = {own}\n"
    return f"""
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
listen = 127.0.0.1
mail_location = maildir:{folder}/mail
first_valid_uid = 1
first_valid_gid = 1
{others}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={user.pw_uid} gid={user.pw_gid} home={folder}/mail
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            IMAP4("127.0.0.1", port).logout()
            return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
