"""A process that lives long does not grow: what belongs to an index goes with it."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

PUBLISHES = 50
DICTIONARIES = 5
"""So many of the publishes change the user's words too."""

SCRIPT = """if True:
    import gc, json, sys
    from pathlib import Path
    from kb.indexer.build import build, update
    from kb.search.index import Index
    from kb.settings import load
    from kb.text.tokens import Tokenizer
    from kb.web import create_app

    def article(n, word):
        return f"---\\nid: KB-00000{n}\\ntitle: {word}打印机 {n}\\n---\\n## 解决\\n更换{word}搓纸轮 报错 0x80{n}。\\n"

    def resident():
        line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmRSS"))
        return int(line.split()[1]) / 1000

    OFTEN = ("/search?q=printer+da+yin+ji", "/a/KB-000001")
    SELDOM = ("/search?q=搓纸轮+product:x*", "/browse", "/code/0x801", "/insights/words", "/insights/quality")

    def ask(addresses):
        for address in addresses:
            assert client.get(address, follow_redirects=True).status_code == 200, address
        assert client.post("/api/v1/suggest", json={"text": "printer卡纸，0x801"}).status_code == 200

    folder, publishes, every = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    settings = load({"workers": 1}, folder)
    settings.articles.mkdir()
    (settings.articles / "synonyms.txt").write_text("打印机, printer", "utf8")
    for n in (1, 2):
        (settings.articles / f"{n}.md").write_text(article(n, "旧"), "utf8")
    (settings.articles / "dictionary.txt").write_text("搓纸轮", "utf8")
    build(settings)
    client = create_app(settings).test_client()
    gc.disable()  # what waits for the collector waits for long: a worker makes little garbage
    told = []
    for n in range(publishes):
        (settings.articles / "1.md").write_text(article(1, f"第{n}版"), "utf8")
        if n % every == every - 1:
            (settings.articles / "dictionary.txt").write_text(f"搓纸轮\\n词典第{'一' * (n % 7 + 1)}版", "utf8")
            build(settings)
        else:
            update(settings, ["1.md"])
        ask((*OFTEN, *SELDOM) if n % every == 0 else OFTEN)
        alive = [type(o) for o in gc.get_objects()]
        counts = [alive.count(Tokenizer), alive.count(Index)]
        gc.collect()
        told.append([*counts, resident()])
    print(json.dumps(told))
"""


def test_publishing_leaves_nothing_behind(tmp_path: Path) -> None:
    """Over fifty indexes, five of them with other words of the user's, with searches between: the tokenisers and
    indexes that are alive are those in use and at most the ones before, and the process is no larger at the end."""
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(PUBLISHES), str(PUBLISHES // DICTIONARIES)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "MALLOC_ARENA_MAX": "1"}
    result = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout.splitlines()[-1])
    assert len(told) == PUBLISHES
    assert max(tokenizers for tokenizers, _, _ in told) <= 2
    assert max(indexes for _, indexes, _ in told) <= 2
    resident = [megabytes for _, _, megabytes in told]
    # By then the dictionary has been replaced twice; 30 MB are one, and the first to go while the next is read.
    assert max(resident[PUBLISHES // 2 :]) < resident[PUBLISHES // 2] + 60
