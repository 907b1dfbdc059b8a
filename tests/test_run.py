from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from dedupe import Config, fix, scan, undo
from dedupe.errors import InputError

CASES = Path(__file__).parent / "cases"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of many damaged and undamaged posts, in the current folder."""
    monkeypatch.chdir(tmp_path)
    posts = tmp_path / "posts"
    posts.mkdir()
    for copy in range(2):
        for case in CASES.glob("*.md"):
            shutil.copy(case, posts / f"{copy}-{case.name}")
    (posts / "broken.md").write_bytes(b"caf\xe9\n")
    (posts / "empty.md").write_bytes(b"")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_scan_writes_nothing_and_goes_on_after_a_bad_file(site: Path) -> None:
    before = contents(site)
    report = scan(["posts"])
    assert contents(site) == before
    assert report.errors == ("posts/broken.md: not UTF-8 at byte 3 (line 1: 0xe9); convert the file, it was skipped",)
    assert len(report.posts) == len(before) - 1


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_the_answer_is_the_same_with_any_number_of_processes(site: Path, jobs: int) -> None:
    assert scan(["posts"], jobs=jobs) == scan(["posts"], jobs=1)


def test_the_answer_is_the_same_in_any_order(site: Path) -> None:
    files = [str(file.relative_to(site)) for file in (site / "posts").iterdir()]
    expected = scan(sorted(files))
    random.Random(7).shuffle(files)
    assert scan(files) == expected


def test_fix_repairs_in_place_once_and_undo_gives_back(site: Path) -> None:
    before = contents(site / "posts")
    first = fix(["posts"], jobs=2)
    after = contents(site / "posts")
    for name in before:
        if name.endswith(".in.md"):
            assert after[name] == before[name.replace(".in.", ".out.")]
        else:
            assert after[name] == before[name]
    second = fix(["posts"])
    assert contents(site / "posts") == after
    assert not any(post.changed for post in second.posts)
    given_back, refused = undo(site, first.run)
    assert not refused
    assert len(given_back) == sum(post.changed for post in first.posts)
    assert contents(site / "posts") == before


def test_dry_run_writes_only_the_report(site: Path) -> None:
    before = contents(site / "posts")
    report = fix(["posts"], dry_run=True, reports=site / "reports")
    assert contents(site / "posts") == before
    assert not (site / ".dedupe").exists()
    folder = site / "reports" / str(report.run)
    assert sorted(file.name for file in folder.iterdir()) == ["changes.diff", "report.html", "report.json", "summary.md"]
    assert json.loads((folder / "report.json").read_text("utf-8"))["schema_version"] == 1
    subprocess.run(["git", "apply", "--check", str(folder / "changes.diff")], cwd=site, check=True)
    subprocess.run(["git", "apply", str(folder / "changes.diff")], cwd=site, check=True)
    patched = contents(site / "posts")
    for name, raw in patched.items():
        if name.endswith(".in.md"):
            assert raw == before[name.replace(".in.", ".out.")]


def test_output_writes_every_post_elsewhere(site: Path) -> None:
    before = contents(site / "posts")
    (site / "posts" / "sub").mkdir()
    shutil.copy(site / "posts" / "empty.md", site / "posts" / "sub" / "also.md")
    fix(["posts"], output=site / "clean")
    assert {name: raw for name, raw in contents(site / "posts").items() if name in before} == before
    cleaned = contents(site / "clean")
    assert set(cleaned) == {*before, "sub/also.md"}
    assert cleaned["broken.md"] == before["broken.md"]
    assert cleaned["0-twice.in.md"] == before["0-twice.out.md"]
    assert not (site / ".dedupe").exists()


def test_output_never_overwrites_an_original(site: Path) -> None:
    with pytest.raises(InputError, match="would overwrite"):
        fix(["posts"], output=site / "posts")
    (site / "other").mkdir()
    shutil.copy(site / "posts" / "empty.md", site / "other" / "empty.md")
    with pytest.raises(InputError, match="would both be written"):
        fix(["posts", "other"], output=site / "clean")


def test_a_post_that_changes_meanwhile_is_left_alone(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    post = site / "posts" / "0-twice.in.md"
    from dedupe.files import Journal

    record = Journal.record

    def meddle(self: Journal, path: Path, before: bytes, after: bytes) -> None:
        record(self, path, before, after)
        if path == post:
            path.write_bytes(b"someone wrote here\n")

    monkeypatch.setattr(Journal, "record", meddle)
    report = fix(["posts"])
    assert post.read_bytes() == b"someone wrote here\n"
    assert any("changed while" in error for error in report.errors)
    assert undo(site)[1][0].startswith(str(post))


def test_a_budget_asks_for_force(site: Path) -> None:
    config = Config(max_removed=0.1)
    report = fix(["posts/0-twice.in.md"], config)
    assert "--force" in report.errors[0]
    assert not report.posts[0].changed
    assert fix(["posts/0-twice.in.md"], Config(max_removed=0.1, force=True)).posts[0].changed
