"""Jobs nobody watches: one at a time, within limits, and with a history."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dedupe import fix, undo
from dedupe.corpus import Choice
from dedupe.errors import InputError
from dedupe.history import FILE, Row, draw_history, read_history
from dedupe.lock import hold
from dedupe.run import Limits

NET = "朝の港には網を繕う人がいる。指の動きは早く、目は沖を見たままだ。糸は祖父の代から同じ店で買う。"
BOAT = "船の名は港の古い言葉で朝を表す。塗り直すのは年に一度、祭りの前の晴れた日と決まっている。"
RERUN = f"{NET}\n\n{BOAT}\n\n\n{NET}\n\n{BOAT}\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "posts").mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "posts" / f"{name}.md").write_text(f"# {name}\n\n{RERUN}", "utf-8")
    (tmp_path / "posts" / "clean.md").write_text(f"{NET}\n", "utf-8")
    return tmp_path


def dedupe(site: Path, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**{key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")}, **more}
    command = [sys.executable, "-m", "dedupe", *args]
    return subprocess.run(command, cwd=site, capture_output=True, text=True, env=environment)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*.md"))}


@pytest.mark.parametrize("limits", [("--max-posts", "2"), ("--max-removed", "0.1")])
def test_beyond_its_limits_nothing_is_written_and_the_report_is(site: Path, limits: tuple[str, str]) -> None:
    before = contents(site / "posts")
    result = dedupe(site, "fix", "posts", "--scheduled", *limits)
    assert result.returncode == 1
    assert f"more than the {limits[1] if limits[1] == '2' else '10.0%'} of {limits[0]}" in result.stderr
    assert contents(site / "posts") == before
    assert not (site / ".dedupe" / "journal").exists()
    (run,) = (site / "reports").iterdir()
    assert "would be" in (run / "summary.md").read_text("utf-8")
    (row,) = read_history(site)
    assert (row.changed, row.removed) == (0, 0)
    assert row.held
    assert "nothing written" in dedupe(site, "history").stdout


@pytest.mark.parametrize("limits", [("--max-posts", "3"), ("--max-removed", "0.6"), ()])
def test_within_its_limits_it_repairs_and_can_be_undone(site: Path, limits: tuple[str, ...]) -> None:
    before = contents(site / "posts")
    assert dedupe(site, "fix", "posts", "--scheduled", *limits).returncode == 0
    after = contents(site / "posts")
    assert [name for name in before if before[name] != after[name]] == ["a.md", "b.md", "c.md"]
    undo(site)
    assert contents(site / "posts") == before


@pytest.mark.parametrize(
    "args",
    [["--scheduled", "--unsafe-fixes"], ["--scheduled", "--force"], ["--scheduled", "--output", "out"], ["--max-posts", "3"]],
)
def test_what_does_not_go_together_is_refused(site: Path, args: list[str]) -> None:
    before = contents(site / "posts")
    result = dedupe(site, "fix", "posts", *args)
    assert result.returncode == 2
    assert "--scheduled" in result.stderr
    assert contents(site / "posts") == before


def test_settings_do_not_make_a_scheduled_job_unsafe(site: Path) -> None:
    (site / "dedupe.toml").write_text("unsafe_fixes = true\n", "utf-8")
    near = f"{NET}\n\n{BOAT}\n\n\n{NET.replace('早く', '速く')}\n\n{BOAT}\n"
    for file in (site / "posts").iterdir():
        file.unlink()
    (site / "posts" / "near.md").write_text(near, "utf-8")
    dedupe(site, "fix", "posts", "--scheduled")
    assert "速く" in (site / "posts" / "near.md").read_text("utf-8")
    dedupe(site, "fix", "posts")
    assert "速く" not in (site / "posts" / "near.md").read_text("utf-8")


def test_settings_do_not_force_a_scheduled_job(site: Path) -> None:
    (site / "dedupe.toml").write_text("force = true\nmax_removed = 0.1\n", "utf-8")
    before = contents(site / "posts")
    result = dedupe(site, "fix", "posts", "--scheduled")
    assert result.returncode == 2
    assert "`--force` allows it" in result.stderr
    assert contents(site / "posts") == before


def test_a_job_killed_between_two_posts_is_gone_on_with(site: Path) -> None:
    before = contents(site / "posts")
    killed = (
        "import os, signal, sys\n"
        "from dedupe import run\n"
        "write, written = run.write_atomic, []\n"
        "def die(path, *args):\n"
        "    if written: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    write(path, *args); written.append(path)\n"
        "run.write_atomic = die\n"
        "sys.argv = ['dedupe', 'fix', 'posts', '--scheduled']\n"
        "from dedupe.cli import main; main()\n"
    )
    assert subprocess.run([sys.executable, "-c", killed], cwd=site, capture_output=True).returncode == -signal.SIGKILL
    torn = contents(site / "posts")
    assert [name for name in before if before[name] != torn[name]] == ["a.md"]
    assert dedupe(site, "fix", "posts", "--scheduled").returncode == 0
    after = contents(site / "posts")
    assert [name for name in before if before[name] != after[name]] == ["a.md", "b.md", "c.md"]
    assert [row.changed for row in read_history(site)] == [2]
    # Of two runs each is given back by itself.
    assert [len(undo(site)[0]), len(undo(site)[0])] == [2, 1]
    assert contents(site / "posts") == before


def test_a_second_job_says_who_is_at_it(site: Path) -> None:
    (site / ".dedupe").mkdir()
    before = contents(site / "posts")
    holder = (
        "import sys; from pathlib import Path; from dedupe.lock import hold\n"
        "with hold(Path('.dedupe/lock'), 'another job'): print('on', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", holder], cwd=site, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"on\n"
        result = dedupe(site, "fix", "posts", "--scheduled")
        assert result.returncode == 2
        assert f"`another job` (process {other.pid}" in result.stderr
        assert contents(site / "posts") == before
        other.communicate()
    with hold(site / ".dedupe" / "lock", "this test"):
        pass
    assert dedupe(site, "fix", "posts", "--scheduled").returncode == 0


def test_github_is_told_where_it_asks(site: Path) -> None:
    told = {"GITHUB_STEP_SUMMARY": str(site / "step.md"), "GITHUB_OUTPUT": str(site / "output")}
    (site / "step.md").write_text("# Before\n", "utf-8")
    dedupe(site, "fix", "posts", "--scheduled", **told)
    (run,) = (site / "reports").iterdir()
    assert (site / "step.md").read_text("utf-8") == "# Before\n" + (run / "summary.md").read_text("utf-8")
    (row,) = read_history(site)
    assert (site / "output").read_text("utf-8") == f"changed=3\nremoved={row.removed}\nfindings=3\n"


def test_a_full_step_summary_is_left_as_it_is(site: Path) -> None:
    (site / "step.md").write_bytes(b"x" * ((1 << 20) - 10))
    dedupe(site, "fix", "posts", "--scheduled", GITHUB_STEP_SUMMARY=str(site / "step.md"))
    assert (site / "step.md").stat().st_size == (1 << 20) - 10


def test_each_run_is_a_line_of_the_history_and_dry_ones_are_none(site: Path) -> None:
    fix([site / "posts"], home=site, dry_run=True)
    fix([site / "posts"], home=site, output=site / "out")
    assert read_history(site) == []
    first = fix([site / "posts"], home=site)
    second = fix([site / "posts"], home=site, limits=Limits(posts=0))
    rows = read_history(site)
    assert [row.run for row in rows] == [first.run, second.run]
    assert (rows[0].posts, rows[0].changed, rows[0].left) == (4, 3, 0)
    assert rows[0].removed == sum(post.removed for post in first.posts) > 0
    assert (rows[1].changed, rows[1].removed, rows[1].repeated_share, rows[1].held) == (0, 0, 0.0, None)
    assert [json.loads(dedupe(site, "history", "--format", "json").stdout)[0]["run"]] == [first.run]


def test_only_runs_over_a_collection_make_the_trend(site: Path) -> None:
    fix([site / "posts" / "a.md", site / "posts" / "b.md"], home=site)
    fix([site / "posts"], home=site, choice=Choice(only=frozenset({site / "posts" / "c.md"})))
    assert read_history(site) == []
    whole = fix([site / "posts"], home=site)
    assert [(row.run, row.posts) for row in read_history(site)] == [(whole.run, 4)]


def test_a_line_that_was_being_written_does_not_count_and_a_wrong_one_is_named(site: Path) -> None:
    fix([site / "posts"], home=site)
    good = (site / FILE).read_text("utf-8")
    (site / FILE).write_text(good + good[:40], "utf-8")
    assert len(read_history(site)) == 1
    fix([site / "posts"], home=site)
    assert len(read_history(site)) == 2
    assert (site / FILE).read_text("utf-8").startswith(good)
    (site / FILE).write_text(good + "{}\n", "utf-8")
    with pytest.raises(InputError, match=r"history.jsonl:2: is no line of the history"):
        read_history(site)


def test_the_chart_fits_a_terminal_and_tells_more_from_less() -> None:
    def row(share: float) -> Row:
        return Row("2031-02-07T03-00-00Z", 123_456, {"RPT001": 1_234}, 3, 10_000_000, share, 12_345, 9_999_999)

    lines = draw_history([row(0.46), row(0.23), row(0.001), row(0.0)]).splitlines()
    assert max(map(len, lines)) <= 80
    bars = [line.count("█") for line in lines[1:5]]
    assert bars[0] == 2 * bars[1] > bars[2] == bars[3] == 0
    assert draw_history([]).startswith("no run is noted yet")


def test_a_share_that_is_no_number_is_refused_and_nothing_is_written(site: Path) -> None:
    before = contents(site / "posts")
    result = dedupe(site, "fix", "posts", "--scheduled", "--max-removed", "nan")
    assert result.returncode == 2
    assert "--max-removed is a share" in result.stderr
    assert contents(site / "posts") == before


def test_undo_waits_for_nobody_who_writes(site: Path) -> None:
    assert dedupe(site, "fix", "posts").returncode == 0
    after = contents(site / "posts")
    with hold(site / ".dedupe" / "lock", "a job"):
        result = dedupe(site, "undo")
    assert result.returncode == 2
    assert "held by `a job`" in result.stderr
    assert contents(site / "posts") == after
    assert dedupe(site, "undo").returncode == 0


def test_an_account_that_cannot_be_written_is_told_and_the_repair_can_be_undone(site: Path) -> None:
    before = contents(site / "posts")
    (site / ".dedupe").mkdir()
    (site / ".dedupe" / "history.jsonl").mkdir()
    result = dedupe(site, "fix", "posts", "--scheduled")
    assert result.returncode == 2
    assert "cannot be written (Is a directory)" in result.stderr
    assert "Traceback" not in result.stderr
    assert contents(site / "posts") != before
    assert dedupe(site, "undo").returncode == 0
    assert contents(site / "posts") == before


def test_what_stood_in_the_folder_of_the_output_can_be_had_back(site: Path) -> None:
    (site / "a.md").write_text("another post of that name\n", "utf-8")
    assert dedupe(site, "fix", "posts", "--output", ".").returncode == 0
    assert BOAT in (site / "a.md").read_text("utf-8")
    assert dedupe(site, "undo").returncode == 0
    assert (site / "a.md").read_text("utf-8") == "another post of that name\n"


def test_a_name_that_is_not_utf_8_keeps_no_other_post_from_being_repaired(site: Path) -> None:
    strange = os.fsencode(site / "posts") + b"/\xff.md"
    Path(os.fsdecode(strange)).write_text(RERUN, "utf-8")
    result = dedupe(site, "fix", "posts")
    assert result.returncode == 2
    assert "name is not UTF-8" in result.stderr
    assert Path(os.fsdecode(strange)).read_text("utf-8") == RERUN
    assert (site / "posts" / "a.md").read_text("utf-8").count(BOAT) == 1


@pytest.mark.parametrize("damage", [b"\xff\n", b"[" * 100_000 + b"\n", b'"repeated_share": null', b'"repeated_share": NaN'])
def test_a_damaged_history_is_told_and_keeps_no_post_from_being_repaired(site: Path, damage: bytes) -> None:
    assert dedupe(site, "fix", "posts").returncode == 0
    file = site / FILE
    share = b'"repeated_share": '
    file.write_bytes(re.sub(share + rb"[0-9.]+", damage, file.read_bytes()) if damage.startswith(share) else damage)
    (site / "posts" / "d.md").write_text(RERUN, "utf-8")
    assert dedupe(site, "fix", "posts").returncode == 0
    assert (site / "posts" / "d.md").read_text("utf-8").count(BOAT) == 1
    with pytest.raises(InputError, match="jsonl:1: is no line of the history"):
        read_history(site)
