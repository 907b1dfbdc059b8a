"""A scan says the same with the index and without, whatever happened to the posts or to the index."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import dedupe.pipeline
from dedupe import Config, fix, scan
from dedupe.config import build_config
from dedupe.decisions import Decision
from dedupe.errors import LockError
from dedupe.index import Index, Status, clear, read_status, stamp_of
from dedupe.run import count_findings

CLEAN = "The harbour opens at six. Boats leave every hour, but for Sundays.\n"
TWICE = "港は朝六時に開きます。船は一時間ごとに出ます。\n\n" * 2 + "冬はとても静かです。\n"
CUT = "The last ferry of the day is also the slow\n\nThe last ferry of the day is also the slowest of them all.\n"
ENDED = "Nobody waits at the pier in winter.\n\n---END---\n"
TEXTS = (CLEAN, TWICE, CUT, ENDED, "", CLEAN + "\n" + ENDED)
SUPPRESSED = f"<!-- dedupe: ignore-next-block LEAK -->\n{ENDED}<!-- dedupe: off -->\n{CLEAN}"


def remembered(folder: Path, config: Config | None = None, words: list[str] | None = None) -> Index:
    return Index(folder / "cache", config or Config(), "a test", (words if words is not None else []).append)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Posts whose stat an index trusts."""
    monkeypatch.setattr("dedupe.index._TICK", 0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "posts").mkdir()
    for number, text in enumerate(TEXTS):
        (tmp_path / "posts" / f"{number}.md").write_text(text, "utf-8")
    wait_for_a_tick(tmp_path)
    return tmp_path


def wait_for_a_tick(folder: Path) -> None:
    """Wait until a file that is written now has a later time than those before."""
    before = (folder / "tick").touch() or (folder / "tick").stat().st_mtime_ns
    while (folder / "tick").stat().st_mtime_ns == before:
        time.sleep(0.002)
        (folder / "tick").touch()


def no_look(*args: Any, **more: Any) -> None:
    raise AssertionError("a post was examined")


def watch(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the name of each post that is examined from now on."""
    seen: list[str] = []
    examine = dedupe.pipeline.examine
    monkeypatch.setattr(
        dedupe.pipeline, "examine", lambda post, *args, **more: seen.append(post.name) or examine(post, *args, **more)
    )
    return seen


def test_unchanged_posts_are_not_examined_again(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = scan(["posts"], index=remembered(site))
    before = (site / "cache" / "index.sqlite").stat().st_mtime_ns
    monkeypatch.setattr(dedupe.pipeline, "examine", no_look)
    assert scan(["posts"], index=remembered(site)) == first
    assert (site / "cache" / "index.sqlite").stat().st_mtime_ns == before


def test_posts_in_the_baseline_are_not_examined_again(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config(baseline=count_findings(scan(["posts"])))
    first = scan(["posts"], config, index=remembered(site, config))
    assert sum(post.baselined for post in first.posts) > 1
    assert not first.findings
    monkeypatch.setattr(dedupe.pipeline, "examine", no_look)
    assert scan(["posts"], config, index=remembered(site, config)) == first


def test_a_deleted_post_of_the_baseline_costs_only_those_that_say_the_same(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = count_findings(scan(["posts"]))
    config = Config(baseline={"posts/3.md": known["posts/3.md"]})
    scan(["posts"], config, index=remembered(site, config))
    (site / "posts" / "3.md").rename(site / "posts" / "9.md")
    expected = scan(["posts"], config)
    assert [post.path for post in expected.posts if post.baselined] == ["posts/5.md", "posts/9.md"]
    seen = watch(monkeypatch)
    assert scan(["posts"], config, index=remembered(site, config)) == expected
    assert seen == ["posts/5.md"]


def test_a_moved_post_is_known_by_its_content(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan(["posts"], index=remembered(site))
    (site / "posts" / "1.md").rename(site / "posts" / "9.md")
    shutil.copy(site / "posts" / "2.md", site / "posts" / "8.md")
    expected = scan(["posts"])
    monkeypatch.setattr(dedupe.pipeline, "examine", no_look)
    assert scan(["posts"], index=remembered(site)) == expected


def test_only_the_changed_post_is_examined(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan(["posts"], index=remembered(site))
    (site / "posts" / "0.md").write_text(CLEAN + TWICE, "utf-8")
    expected = scan(["posts"])
    seen = watch(monkeypatch)
    assert scan(["posts"], index=remembered(site)) == expected
    assert seen == ["posts/0.md"]


def test_a_change_that_keeps_size_and_time_is_seen(site: Path) -> None:
    post = site / "posts" / "3.md"
    scan(["posts"], index=remembered(site))
    stat = post.stat()
    post.write_text(ENDED.replace("---END---", "---and---"), "utf-8")
    os.utime(post, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert post.stat().st_size == stat.st_size
    assert scan(["posts"], index=remembered(site)) == scan(["posts"])


def test_a_file_changed_just_before_is_read_again(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedupe.index._TICK", 2_000_000_000)
    scan(["posts"], index=remembered(site))
    with sqlite3.connect(site / "cache" / "index.sqlite") as db:
        assert {stamp for (stamp,) in db.execute("SELECT stamp FROM files")} == {None}
    # As if it had the same stat as when it was read.
    monkeypatch.setattr("dedupe.index.stamp_of", lambda path: "1 1 1 1")
    (site / "posts" / "0.md").write_text(TWICE, "utf-8")
    assert scan(["posts"], index=remembered(site)) == scan(["posts"])


@pytest.mark.parametrize(
    "config",
    [
        build_config({"select": ["LEAK"]}, "test"),
        build_config({"keep": "last"}, "test"),
        build_config({"unsafe_fixes": True}, "test"),
        build_config({"safety": {"LEAK004": "display"}}, "test"),
        build_config({"max_removed": 0.1}, "test"),
        Config(decisions={"0" * 16: Decision.REJECT}),
        build_config(
            {
                "leaks": [
                    {"id": "x", "kind": "end", "strength": "decisive", "anchor": "line", "needle": "Boats", "pattern": "Boats.*"}
                ]
            },
            "test",
        ),
    ],
)
def test_other_settings_other_results(site: Path, config: Config) -> None:
    for each in (Config(), config, Config()):
        assert scan(["posts"], each, index=remembered(site, each)) == scan(["posts"], each)


def test_which_posts_there_are_is_no_matter_of_results(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan(["posts"], index=remembered(site))
    config = Config(exclude=("1.md",), suffixes=(".md",))
    expected = scan(["posts"], config)
    monkeypatch.setattr(dedupe.pipeline, "examine", no_look)
    assert scan(["posts"], config, index=remembered(site, config)) == expected


def test_only_the_last_settings_are_kept_and_no_post_that_is_gone(site: Path) -> None:
    for share in range(1, 9):
        config = Config(max_removed=share / 10)
        scan(["posts"], config, index=remembered(site, config))
    status = read_status(site / "cache")
    assert status == Status(Path(site / "cache" / "index.sqlite"), status.size if status else 0, 6, 24, 4, current=True)
    for post in list((site / "posts").iterdir())[1:]:
        post.unlink()
    (site / "posts" / "new.md").write_text("A new one.\n", "utf-8")
    scan(["posts"], index=remembered(site))
    after = read_status(site / "cache")
    assert after is not None
    assert (after.posts, after.settings) == (2, 4)
    assert after.results < 6


def test_a_post_that_cannot_be_read_is_told_every_time(site: Path) -> None:
    (site / "posts" / "broken.md").write_bytes(b"caf\xe9\n")
    reports = [scan(["posts"], index=remembered(site)) for _ in range(3)]
    assert [report.errors for report in reports] == [scan(["posts"]).errors] * 3
    assert len(reports[0].errors) == 1


def test_what_cannot_be_repaired_is_told_from_the_index_too(site: Path) -> None:
    config = Config(max_removed=0.1)
    expected = scan(["posts"], config)
    assert expected.errors
    for _ in range(2):
        assert scan(["posts"], config, index=remembered(site, config)) == expected


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["write", "rewrite", "append", "rename", "copy", "delete", "touch", "swap", "back in time", "accept", "forget"]
        ),
        st.integers(0, 2),
        st.integers(0, 2),
        # All of one size, so that a stat tells little.
        st.sampled_from([text.encode().ljust(250, b"\n").decode() for text in (*TEXTS, SUPPRESSED)]),
    ),
    min_size=1,
    max_size=10,
)


def take_step(posts: Path, what: str, one: Path, other: Path, text: str) -> None:
    if what == "write":
        one.unlink(missing_ok=True)
        one.write_text(text, "utf-8")
    elif what == "rewrite":
        one.write_text(text, "utf-8")
    elif not one.exists():
        return
    elif what == "append":
        with one.open("a", encoding="utf-8") as file:
            file.write(text)
    elif what == "rename":
        one.rename(other)
    elif what == "copy" and one != other:
        shutil.copy2(one, other)
    elif what == "delete":
        one.unlink()
    elif what == "touch":
        one.touch()
    elif what == "swap" and one != other and other.exists():
        one.rename(posts / "aside")
        other.rename(one)
        (posts / "aside").rename(other)
    elif what == "back in time":
        stat, raw = one.stat(), one.read_bytes()
        one.write_bytes(raw[::-1] if raw.isascii() else raw)
        os.utime(one, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([("write", 0, 0, ENDED), ("accept", 0, 0, ""), ("rename", 0, 1, ""), ("forget", 0, 0, "")], Config())
@given(STEPS, st.sampled_from([Config(), Config(unsafe_fixes=True), Config(select=("LEAK", "SUP"))]))
def test_the_same_with_the_index_and_without(
    monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int, int, str]], config: Config
) -> None:
    monkeypatch.setattr("dedupe.index._TICK", 0)
    with tempfile.TemporaryDirectory() as name:
        posts = Path(name) / "posts"
        posts.mkdir()
        (posts / "stays.md").write_text(TWICE, "utf-8")
        words: list[str] = []
        for what, one, other, text in steps:
            take_step(posts, what, posts / f"{one}.md", posts / f"{other}.md", text)
            if what in {"accept", "forget"}:
                config = replace(config, baseline=count_findings(scan([posts])) if what == "accept" else {})
            wait_for_a_tick(Path(name))
            for _ in range(2):
                assert scan([posts], config, index=remembered(Path(name), config, words)) == scan([posts], config)
            dry = fix([posts], config, home=Path(name), dry_run=True)
            assert fix([posts], config, home=Path(name), dry_run=True, index=remembered(Path(name), config)).posts == dry.posts
        assert not words


def damaged(raw: bytes) -> dict[str, bytes]:
    return {
        "empty": b"",
        "short": raw[:100],
        "half": raw[: len(raw) // 2],
        "a page less": raw[:-4096],
        "garbage": random.Random(1).randbytes(len(raw)),
        "garbage behind the header": raw[:100] + random.Random(2).randbytes(len(raw) - 100),
        "zeros": bytes(len(raw)),
        "another file": b"SQLite format 3\0" + bytes(4080),
    }


@pytest.mark.parametrize("kind", sorted(damaged(bytes(200))))
def test_a_damaged_index_is_told_and_made_anew(site: Path, kind: str) -> None:
    expected = scan(["posts"], index=remembered(site))
    file = site / "cache" / "index.sqlite"
    file.write_bytes(damaged(file.read_bytes())[kind])
    words: list[str] = []
    assert scan(["posts"], index=remembered(site, words=words)) == expected
    assert len(words) == 1
    assert "is damaged" in words[0]
    assert words[0].endswith("; made anew")
    assert scan(["posts"], index=remembered(site, words=words)) == expected
    assert len(words) == 1
    status = read_status(site / "cache")
    assert status is not None
    assert (status.posts, status.current) == (6, True)


def test_no_turned_bit_changes_a_report(site: Path) -> None:
    expected = scan(["posts"], index=remembered(site))
    file = site / "cache" / "index.sqlite"
    raw, chance = file.read_bytes(), random.Random(3)
    for _ in range(60):
        turned = bytearray(raw)
        turned[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        file.write_bytes(turned)
        assert scan(["posts"], index=remembered(site)) == expected


NO_PATH = "CREATE TABLE f AS SELECT * FROM files; INSERT INTO f VALUES (NULL, '', ''); DROP TABLE files; DELETE FROM results;"


@pytest.mark.parametrize("damage", ["DELETE FROM about", f"{NO_PATH} ALTER TABLE f RENAME TO files"])
def test_rows_that_nobody_wrote_are_damage(site: Path, damage: str) -> None:
    expected = scan(["posts"], index=remembered(site))
    with closing(sqlite3.connect(site / "cache" / "index.sqlite")) as db:
        db.executescript(damage)
    words: list[str] = []
    for _ in range(2):
        assert scan(["posts"], index=remembered(site, words=words)) == expected


def test_an_index_of_another_version_is_told_and_made_anew(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = scan(["posts"], index=remembered(site))
    monkeypatch.setattr("dedupe.index._tool", lambda: "later")
    status = read_status(site / "cache")
    assert status is not None
    assert not status.current
    words: list[str] = []
    for _ in range(2):
        assert scan(["posts"], index=remembered(site, words=words)) == expected
    assert words == [f"{site / 'cache' / 'index.sqlite'}: is from another version; made anew"]


def test_a_folder_that_cannot_be_one_is_told(site: Path) -> None:
    (site / "cache").write_text("a file\n")
    words: list[str] = []
    assert scan(["posts"], index=remembered(site, words=words)) == scan(["posts"])
    assert words == [f"{site / 'cache' / 'index.sqlite'}: cannot be used (File exists)"]


def test_the_folder_is_marked_as_a_cache(site: Path) -> None:
    scan(["posts"], index=remembered(site))
    assert (site / "cache" / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert (site / "cache" / ".gitignore").read_text() == "*\n"


def test_clear_loses_only_time(site: Path) -> None:
    expected = scan(["posts"], index=remembered(site))
    assert clear(site / "cache")
    assert not clear(site / "cache")
    assert not clear(site / "nowhere")
    assert read_status(site / "cache") is None
    words: list[str] = []
    assert scan(["posts"], index=remembered(site, words=words)) == expected
    assert not words


def child(code: str, *args: str | Path, cwd: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, args)]
    return subprocess.Popen(command, cwd=cwd, text=True, stdout=subprocess.PIPE)


HOLDING = """
    import sys, time
    from pathlib import Path
    from dedupe.lock import hold
    with hold(Path(sys.argv[1]), "another scan"):
        print("held", flush=True)
        time.sleep(600)
"""


def test_while_another_process_writes_it_goes_on_and_says_who(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedupe.index._WAIT", 0.1)
    scan(["posts"], index=remembered(site))
    (site / "posts" / "0.md").write_text(TWICE, "utf-8")
    raw = (site / "cache" / "index.sqlite").read_bytes()
    with child(HOLDING, site / "cache" / "lock", cwd=site) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        words: list[str] = []
        assert scan(["posts"], index=remembered(site, words=words)) == scan(["posts"])
        assert (site / "cache" / "index.sqlite").read_bytes() == raw
        (word,) = words
        assert f"in use by `another scan` (process {process.pid}, since " in word
        with pytest.raises(LockError, match="another scan"):
            clear(site / "cache")
        process.kill()
    words.clear()
    scan(["posts"], index=remembered(site, words=words))
    assert not words


WRITING = """
    import sys
    from pathlib import Path
    from dedupe import Config, scan
    from dedupe.index import Index
    number = 0
    while True:
        number += 1
        config = Config(max_removed=1 / (1 + number % 9))
        scan(["posts"], config, index=Index(Path("cache"), config, "a writer", print))
        print("written", flush=True)
"""


def test_a_killed_writer_leaves_an_index_that_opens_or_is_made_anew(site: Path) -> None:
    for number in range(40):
        (site / "posts" / f"more{number}.md").write_text(f"{number}\n\n{TEXTS[number % 6]}", "utf-8")
    expected, chance = scan(["posts"]), random.Random(4)
    for _ in range(4):
        with child(WRITING, cwd=site) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.random() * 0.2)
            process.send_signal(signal.SIGKILL)
        words: list[str] = []
        assert scan(["posts"], index=remembered(site, words=words)) == expected
        assert all(word.endswith("made anew") for word in words)
        assert scan(["posts"], index=remembered(site)) == expected


def test_a_writer_killed_in_the_midst_of_a_transaction_leaves_what_was_before(site: Path) -> None:
    expected = scan(["posts"], index=remembered(site))
    torn = """
        import os, signal, sqlite3
        db = sqlite3.connect("cache/index.sqlite", isolation_level=None)
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE results SET report = zeroblob(100000), checksum = 0")
        db.execute("DELETE FROM files")
        os.kill(os.getpid(), signal.SIGKILL)
    """
    with child(torn, cwd=site) as process:
        process.wait()
    assert (site / "cache" / "index.sqlite-journal").exists()
    words: list[str] = []
    assert scan(["posts"], index=remembered(site, words=words)) == expected
    assert not words


def test_two_scans_at_once_say_the_same(site: Path) -> None:
    command = [sys.executable, "-m", "dedupe", "scan", "posts", "--format", "json"]
    expected = subprocess.run([*command, "--no-cache"], cwd=site, capture_output=True).stdout
    for _ in range(2):
        processes = [subprocess.Popen(command, cwd=site, stdout=subprocess.PIPE) for _ in range(3)]
        assert [process.communicate()[0] for process in processes] == [expected] * 3
    status = read_status(site / ".dedupe" / "cache")
    assert status is not None
    assert (status.posts, status.current) == (6, True)


def test_fix_does_the_same_with_the_index_and_without(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(site / "posts", site / "others")
    scan(["posts"], index=remembered(site))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    dry = fix(["posts"], dry_run=True, index=remembered(site))
    assert dry == fix(["posts"], dry_run=True)
    seen = watch(monkeypatch)
    done = fix(["posts"], index=remembered(site))
    assert done.posts == dry.posts
    assert sorted(seen) == [post.path for post in done.posts if post.changed]
    fix(["others"])
    for post in (site / "posts").iterdir():
        assert post.read_bytes() == (site / "others" / post.name).read_bytes()
    seen.clear()
    for _ in range(2):
        assert not any(post.changed for post in fix(["posts"], index=remembered(site)).posts)
    # Once what the first repair left, and then nothing.
    assert sorted(seen) == [post.path for post in done.posts if post.changed]


def test_fix_with_output_writes_known_posts_too(site: Path) -> None:
    scan(["posts"], index=remembered(site))
    fix(["posts"], output=site / "clean", index=remembered(site))
    fix(["posts"], output=site / "expected")
    for post in (site / "expected").iterdir():
        assert post.read_bytes() == (site / "clean" / post.name).read_bytes()


def test_what_a_proof_may_see_otherwise_is_not_remembered_for_audits(site: Path) -> None:
    config = Config(unsafe_fixes=True)
    fix(["posts"], config, dry_run=True, index=remembered(site, config))
    status = read_status(site / "cache")
    assert status is not None  # what is found across posts is the same for both
    assert (status.posts, status.results) == (0, 0)


def test_a_stat_that_cannot_be_had(tmp_path: Path) -> None:
    assert stamp_of(tmp_path / "nowhere") is None


def dedupe_in(folder: Path, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**{key: value for key, value in os.environ.items() if not key.startswith("DEDUPE_")}, **more}
    return subprocess.run([sys.executable, "-m", "dedupe", *args], cwd=folder, capture_output=True, text=True, env=environment)


def test_the_command_line_remembers_folders_and_nothing_else(site: Path) -> None:
    expected = dedupe_in(site, "scan", "posts", "--no-cache").stdout
    dedupe_in(site, "scan", "posts", DEDUPE_NO_CACHE="1")
    dedupe_in(site, "scan", "posts/1.md", "posts/2.md")
    subprocess.run([sys.executable, "-m", "dedupe", "scan", "-"], cwd=site, input=b"text\n", check=True)
    assert not (site / ".dedupe").exists()
    assert "there is no index in" in dedupe_in(site, "index", "status").stdout
    assert dedupe_in(site, "scan", "posts").stdout == expected
    assert dedupe_in(site, "scan", "posts").stdout == expected
    assert "6 posts, 6 results with 1 setting\n" in dedupe_in(site, "index", "status").stdout
    assert dedupe_in(site, "index", "clear").stdout == "deleted the index in .dedupe/cache\n"
    assert dedupe_in(site, "index", "clear").stdout == "there is no index in .dedupe/cache\n"


def test_the_folder_of_the_index_can_be_named(site: Path) -> None:
    dedupe_in(site, "scan", "posts", "--cache-dir", "one")
    dedupe_in(site, "fix", "posts", "--dry-run", DEDUPE_CACHE_DIR="two")
    assert not (site / ".dedupe").exists()
    assert (site / "one" / "index.sqlite").exists()
    assert (site / "two" / "index.sqlite").exists()
    assert "6 posts" in dedupe_in(site, "index", "status", "--cache-dir", "one").stdout
    (site / "one" / "index.sqlite").write_bytes(b"nonsense")
    status = dedupe_in(site, "index", "status", "--cache-dir", "one")
    assert (status.returncode, "`dedupe index clear` takes it away" in status.stderr) == (2, True)


def test_a_scan_without_news_waits_for_nothing(site: Path) -> None:
    dedupe_in(site, "scan", "posts")
    code = (
        "import sys; sys.argv = ['dedupe', 'scan', 'posts', '--exit-zero']\n"
        "from dedupe.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = ('numpy', 'rapidfuzz', 'pyromark', 'duckdb', 'loguru', 'rich', 'pydantic', 'multiprocessing')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=site, capture_output=True, text=True, check=True)
    assert result.stderr == "[]\n"
