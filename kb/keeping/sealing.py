"""This module encrypts a stream and decrypts it, in the age format (https://age-encryption.org/v1): `age` opens it too.

For public keys the file is what `age -r` writes. For a passphrase it is a tar of two such files, because what is
encrypted with a passphrase has to be held in memory as a whole: a key made for this one backup, encrypted with the
passphrase (key.age), and all else, encrypted for that key (data.age).
"""

import io
import os
import tarfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import pyrage

from kb.errors import BackupError, InputError, LockedError
from kb.language import say

MAGIC = b"age-encryption.org/v1"
ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
SSH_KEY = b"-----BEGIN OPENSSH PRIVATE KEY-----"
KEY, DATA = "key.age", "data.age"
MAX_KEY = 100_000
"""Bytes of a file of keys."""
SHORTEST = 12
"""Characters of a passphrase: who has the file can try as long as he likes."""


class Lock(NamedTuple):
    """What encrypts: public keys (age1..., ssh-ed25519 ..., or files of them), or else a passphrase."""

    recipients: Sequence[str] = ()
    passphrase: str = ""


class Keys(NamedTuple):
    """What decrypts: a file of private keys, which may itself be encrypted with the passphrase, or a passphrase."""

    identity: Path | None = None
    passphrase: str = ""


# --- encrypting -------------------------------------------------------------------------------


def seal(pieces: Iterable[bytes], file: IO[bytes], lock: Lock) -> None:
    """Encrypt a stream into a file that can be sought. Raises InputError for a wrong key, and what pieces raise."""
    if lock.recipients:
        _encrypt(pieces, file, [key for name in lock.recipients for key in _recipients(name)])
        return
    if len(lock.passphrase) < SHORTEST:
        raise InputError(say("口令至少要 {n} 个字符", "the passphrase should have {n} characters at least", n=SHORTEST))
    identity = pyrage.x25519.Identity.generate()
    key = pyrage.passphrase.encrypt(f"{identity}\n".encode(), lock.passphrase)
    file.write(_header(KEY, len(key)) + key + _padding(len(key)))
    start = file.tell()
    file.write(_header(DATA, 0))
    _encrypt(pieces, file, [identity.to_public()])
    size = file.tell() - start - tarfile.BLOCKSIZE
    file.write(_padding(size) + bytes(tarfile.BLOCKSIZE * 2))
    file.seek(start)
    file.write(_header(DATA, size))
    file.seek(0, os.SEEK_END)


def _encrypt(pieces: Iterable[bytes], file: IO[bytes], recipients: Sequence[Any]) -> None:
    reader, writer = _Pieces(pieces), _Writer(file)
    try:
        pyrage.encrypt_io(reader, writer, recipients)
    except (pyrage.EncryptError, OSError):
        # The library tells an error of ours by its text alone.
        raise reader.error or writer.error or BackupError(say("加密没有完成", "encrypting did not finish"))


class _Pieces(io.RawIOBase):
    """A stream that is read as its pieces come."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = memoryview(b"")
        self.error: Exception | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            while not self._left:
                self._left = memoryview(next(self._pieces))
        except StopIteration:
            return 0
        except Exception as error:
            self.error = error
            raise
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


class _Writer:
    """A file that remembers why it could not be written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.error: Exception | None = None

    def write(self, piece: bytes) -> int:
        try:
            return self._file.write(piece)
        except Exception as error:
            self.error = error
            raise

    def flush(self) -> None:
        try:
            self._file.flush()
        except Exception as error:
            self.error = error
            raise


def _recipients(told: str) -> list[Any]:
    """The public keys of a word, or of the lines of a file. Raises InputError."""
    if told.startswith("AGE-SECRET-KEY-"):
        raise InputError(
            say(
                "这是私钥：备份只要公钥（age1…），私钥留给恢复的人",
                "this is a private key: a backup takes the public one (age1...), the private one is for who restores",
            )
        )
    if not told.startswith(("age1", "ssh-")):
        return [key for line in _lines(Path(told)) for key in _recipients(line)]
    kind = pyrage.ssh.Recipient if told.startswith("ssh-") else pyrage.x25519.Recipient
    try:
        return [kind.from_str(told)]
    except pyrage.RecipientError as error:
        raise InputError(
            say("公钥 '{key}' 用不了：{why}", "the public key '{key}' can't be used: {why}", key=told[:80], why=error)
        )


def _lines(path: Path) -> list[str]:
    try:
        text = _read(path).decode()
    except UnicodeDecodeError:
        raise InputError(say("{path} 里没有公钥", "{path} holds no public keys", path=path))
    found = [stripped for line in text.splitlines() if (stripped := line.strip()) and not stripped.startswith("#")]
    if not found or not all(line.startswith(("age1", "ssh-", "AGE-SECRET-KEY-")) for line in found):
        raise InputError(say("{path} 里没有公钥（age1…）", "{path} holds no public keys (age1...)", path=path))
    return found


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_KEY)
    except OSError as error:
        raise InputError(
            say("钥匙文件 {path} 读不了：{why}", "the file of keys {path} can't be read: {why}", path=path,
                why=error.strerror)
        )  # fmt: skip


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


# --- decrypting -------------------------------------------------------------------------------


def needs_passphrase(path: Path) -> bool:
    """Whether a backup, or a file of private keys, opens with a passphrase. Raises LockedError."""
    start = _read(path)[: tarfile.BLOCKSIZE]
    return start.startswith((f"{KEY}\0".encode(), ARMOR)) or (start.startswith(MAGIC) and b"\n-> scrypt " in start)


@contextmanager
def opened(path: Path, keys: Keys) -> Iterator[IO[bytes]]:
    """The stream that was encrypted into a file. At its end all of it was read and found whole.

    Raises LockedError without the right key, BackupError for a file that is damaged.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise LockedError(say("备份 {path} 打不开：{why}", "the backup {path} can't be opened: {why}", path=path,
                             why=error.strerror))  # fmt: skip
    with file:
        start = file.read(len(MAGIC))
        file.seek(0)
        source: IO[bytes] = file
        if start == MAGIC:
            identities = _identities(keys)
        else:
            identities, source = _by_passphrase(path, file, keys.passphrase)
        with _decrypting(path, source, identities) as stream:
            yield stream


@contextmanager
def _decrypting(path: Path, source: IO[bytes], identities: Sequence[Any]) -> Iterator[IO[bytes]]:
    """The library writes what it decrypts; a thread of its own does, so that it can be read here."""
    reading, writing = os.pipe()
    failed: list[Exception] = []

    def decrypt() -> None:
        try:
            with os.fdopen(writing, "wb") as out:
                pyrage.decrypt_io(source, out, identities)
        except (pyrage.DecryptError, OSError) as error:
            failed.append(error)

    thread = threading.Thread(target=decrypt, daemon=True)
    thread.start()
    try:
        with os.fdopen(reading, "rb") as stream:
            yield stream
            while stream.read(1 << 16):  # the end is authenticated, too
                pass
    except BackupError:
        thread.join()
        if failed and not isinstance(failed[0], BrokenPipeError):
            raise _refused(path, failed[0])
        raise
    finally:
        thread.join()
    if failed:
        raise _refused(path, failed[0])


def _refused(path: Path, error: Exception) -> Exception:
    if isinstance(error, pyrage.DecryptError) and "key" in str(error).lower():
        return LockedError(say("备份 {path} 不是给这把钥匙的", "the backup {path} is not for this key", path=path.name))
    return BackupError(
        say(
            "备份 {path} 已损坏或被改过（{why}），什么也没有恢复；换一份再试",
            "the backup {path} is damaged or was changed ({why}), nothing was restored; try another one",
            path=path.name,
            why=error,
        )
    )


def _identities(keys: Keys) -> list[Any]:
    """The private keys of a file. Raises LockedError."""
    if keys.identity is None:
        raise LockedError(
            say(
                "这份备份是给公钥加密的：用 --identity 给出私钥文件",
                "this backup is encrypted for a public key: give the file of the private one with --identity",
            )
        )
    raw = _read(keys.identity)
    if raw.startswith((MAGIC, ARMOR)):
        raw = _with_passphrase(raw, keys.passphrase, keys.identity)
    try:
        if raw.startswith(SSH_KEY):
            return [pyrage.ssh.Identity.from_buffer(raw)]
        lines = [line.strip() for line in raw.decode().splitlines()]
        return [pyrage.x25519.Identity.from_str(line) for line in lines if line.startswith("AGE-SECRET-KEY-")] or _none(
            keys.identity
        )
    except (pyrage.IdentityError, UnicodeDecodeError):
        return _none(keys.identity)


def _none(path: Path) -> list[Any]:
    raise LockedError(
        say("{path} 里没有能用的私钥（AGE-SECRET-KEY-1…）", "{path} holds no usable private key (AGE-SECRET-KEY-1...)",
            path=path)
    )  # fmt: skip


def _with_passphrase(raw: bytes, passphrase: str, path: Path) -> bytes:
    if not passphrase:
        raise LockedError(say("{path} 要口令才能打开", "{path} opens with a passphrase", path=path.name))
    try:
        return bytes(pyrage.passphrase.decrypt(raw, passphrase))
    except pyrage.DecryptError:
        raise LockedError(say("口令不对：{path}", "wrong passphrase: {path}", path=path.name))


def _by_passphrase(path: Path, file: IO[bytes], passphrase: str) -> tuple[list[Any], IO[bytes]]:
    """The key of a backup that was encrypted with a passphrase, and what it opens."""
    try:
        outer = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115 - what it gives is read later
        first, second = outer.next(), outer.next()
        if first is None or second is None or (first.name, second.name) != (KEY, DATA) or first.size > MAX_KEY:
            raise tarfile.TarError(KEY)
        key, data = outer.extractfile(first), outer.extractfile(second)
        assert key is not None
        assert data is not None
        raw = key.read()
    except (tarfile.TarError, OSError):
        raise BackupError(
            say("{path} 不是故知的备份，或已损坏", "{path} is no backup of Guzhi's, or is damaged", path=path.name)
        )
    identity = _with_passphrase(raw, passphrase, path).decode("ascii", "replace").strip()
    return [pyrage.x25519.Identity.from_str(identity)], data
