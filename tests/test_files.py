from __future__ import annotations

import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from dedupe.errors import UndoError, WriteError
from dedupe.files import Journal, digest, list_runs, undo, write_atomic


def test_mode_bits_are_kept_and_nothing_else_is_left(tmp_path: Path) -> None:
    post = tmp_path / "a.md"
    post.write_bytes(b"before")
    post.chmod(0o640)
    write_atomic(post, b"after", digest(b"before"))
    assert post.read_bytes() == b"after"
    assert stat.S_IMODE(post.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [post]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    post = tmp_path / "a.md"
    post.write_bytes(b"someone else wrote this")
    with pytest.raises(WriteError, match="changed while"):
        write_atomic(post, b"after", digest(b"before"))
    assert post.read_bytes() == b"someone else wrote this"
    assert list(tmp_path.iterdir()) == [post]


def test_a_read_only_file_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    post = tmp_path / "a.md"
    post.write_bytes(b"before")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(WriteError, match="read-only"):
        write_atomic(post, b"after")
    assert post.read_bytes() == b"before"


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    post = tmp_path / "a.md"
    post.write_bytes(b"before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(WriteError, match="No space left"):
        write_atomic(post, b"after")
    assert post.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [post]


def test_undo_gives_back_what_a_run_changed(tmp_path: Path) -> None:
    posts = [tmp_path / name for name in ("a.md", "b.md")]
    for run, before, after in (("1", b"one", b"two"), ("2", b"two", b"three")):
        for post in posts:
            post.write_bytes(before)
            Journal(tmp_path, run).record(post, before, after)
            write_atomic(post, after, digest(before))
    assert list_runs(tmp_path) == ["1", "2"]
    assert sorted(undo(tmp_path)[0]) == posts
    assert posts[0].read_bytes() == b"two"
    assert undo(tmp_path)[1] == []
    assert posts[0].read_bytes() == b"one"
    with pytest.raises(UndoError, match="no run to undo"):
        undo(tmp_path)
    with pytest.raises(UndoError, match="known runs: 1, 2"):
        undo(tmp_path, "3")


def test_undo_refuses_a_file_that_changed_since(tmp_path: Path) -> None:
    changed, same = tmp_path / "a.md", tmp_path / "b.md"
    for post in (changed, same):
        post.write_bytes(b"before")
        Journal(tmp_path, "1").record(post, b"before", b"after")
        write_atomic(post, b"after")
    changed.write_bytes(b"edited by hand")
    given_back, refused = undo(tmp_path)
    assert given_back == [same]
    assert len(refused) == 1
    assert "changed since" in refused[0]
    assert changed.read_bytes() == b"edited by hand"
    changed.write_bytes(b"after")
    assert undo(tmp_path, "1") == ([changed], [])


def test_undo_tells_of_a_file_that_is_gone(tmp_path: Path) -> None:
    post = tmp_path / "a.md"
    post.write_bytes(b"after")
    Journal(tmp_path, "1").record(post, b"before", b"after")
    post.unlink()
    given_back, refused = undo(tmp_path)
    assert not given_back
    assert "is gone" in refused[0]


def test_a_torn_line_of_the_journal_is_passed_over(tmp_path: Path) -> None:
    post = tmp_path / "a.md"
    post.write_bytes(b"before")
    journal = Journal(tmp_path, "1")
    journal.record(post, b"before", b"after")
    with (journal.folder / "posts.jsonl").open("a") as file:
        file.write('{"path": "b.md", "bef')
    assert undo(tmp_path) == ([], [])


STEPS = ["secrets.token_hex", "os.fsync", "os.chmod", "os.replace", "os.open"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_a_kill_at_any_step_leaves_before_or_after(tmp_path: Path, step: str, nth: int) -> None:
    """The process dies, as by kill -9, at the nth call of one step of journal and write."""
    post = tmp_path / "a.md"
    post.write_bytes(b"before")
    script = textwrap.dedent(f"""
        import os, secrets
        from pathlib import Path
        from dedupe.files import Journal, digest, write_atomic
        calls = 0
        real = {step}
        def dying(*args, **options):
            global calls
            calls += 1
            if calls == {nth}:
                os._exit(137)
            return real(*args, **options)
        {step} = dying
        post = Path({str(post)!r})
        Journal(Path({str(tmp_path)!r}), "1").record(post, b"before", b"after")
        write_atomic(post, b"after", digest(b"before"))
    """)
    code = subprocess.run([sys.executable, "-c", script], check=False).returncode
    assert code in {0, 137}
    assert post.read_bytes() in {b"before", b"after"}
    if code == 0:
        assert post.read_bytes() == b"after"
    if list_runs(tmp_path):
        undo(tmp_path)
    assert post.read_bytes() == b"before"


def test_a_private_post_is_never_open_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    post = tmp_path / "a.md"
    post.write_bytes(b"before")
    post.chmod(0o600)
    seen: list[int] = []
    real = os.fsync

    def watch(handle: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(handle).st_mode))
        real(handle)

    monkeypatch.setattr(os, "fsync", watch)
    write_atomic(post, b"after")
    assert seen[0] == 0o600
    assert stat.S_IMODE(post.stat().st_mode) == 0o600


def test_git_is_told_to_leave_the_journal_and_not_the_decisions(tmp_path: Path) -> None:
    Journal(tmp_path, "run").record(tmp_path / "a.md", b"a", b"b")
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    for name in ("decisions.jsonl", "history.jsonl", "lock"):
        (tmp_path / ".dedupe" / name).touch()
    listed = subprocess.run(
        ["git", "ls-files", "-o", "--exclude-standard"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert listed.stdout.split() == [".dedupe/.gitignore", ".dedupe/decisions.jsonl", ".dedupe/history.jsonl"]


def test_what_an_earlier_version_hid_from_git_is_shown_and_what_a_person_wrote_stays(tmp_path: Path) -> None:
    ignore = tmp_path / ".dedupe" / ".gitignore"
    ignore.parent.mkdir()
    for there, then in (("*\n", "journal/\ncache/\nlock\n"), ("*\n!decisions.jsonl\n", None), ("*", None), ("", None)):
        ignore.write_text(there, "utf-8")
        Journal(tmp_path, "run").record(tmp_path / "a.md", b"a", b"b")
        assert ignore.read_text("utf-8") == (there if then is None else then)


@pytest.mark.parametrize(
    "name", ["行\u2028区切り.md", "a\x85b.md", "a\x0cb.md", "a\nb.md", "a\udcff.md", "\U0001f600" * 62 + ".md"]
)
def test_a_post_is_given_back_whatever_its_name(tmp_path: Path, name: str) -> None:
    post = tmp_path / name
    post.write_bytes(b"before")
    Journal(tmp_path, "1").record(post, b"before", b"after")
    write_atomic(post, b"after", digest(b"before"))
    assert undo(tmp_path) == ([post], [])
    assert post.read_bytes() == b"before"


@pytest.mark.parametrize("damage", [b"other", b"", None])
def test_a_damaged_original_is_never_written_and_the_others_are_given_back(tmp_path: Path, damage: bytes | None) -> None:
    posts = [tmp_path / name for name in ("a.md", "b.md", "c.md")]
    for post in posts:
        Journal(tmp_path, "1").record(post, post.name.encode(), b"after")
        post.write_bytes(b"after")
    stored = Journal(tmp_path, "1").folder / "before" / digest(b"b.md")
    if damage is None:
        stored.unlink()
    else:
        stored.write_bytes(damage)
    given_back, (refused,) = undo(tmp_path)
    assert [post.read_bytes() for post in posts] == [b"a.md", b"after", b"c.md"]
    assert sorted(given_back) == [posts[0], posts[2]]
    assert refused.startswith(f"{posts[1]}: left as it is")
    assert not Journal(tmp_path, "1").undone


@pytest.mark.parametrize(
    "line", [b"\xff\xfe\n", b"[1]\n", b"null\n", b'{"path": 3, "before": "", "after": ""}\n', b'{"path": "b\n']
)
def test_a_damaged_line_of_the_journal_is_told_and_the_others_are_given_back(tmp_path: Path, line: bytes) -> None:
    post = tmp_path / "a.md"
    journal = Journal(tmp_path, "1")
    journal.record(post, b"before", b"after")
    post.write_bytes(b"after")
    file = journal.folder / "posts.jsonl"
    file.write_bytes(line + file.read_bytes())
    given_back, (refused,) = undo(tmp_path)
    assert given_back == [post]
    assert "line 1 cannot be read" in refused
    assert not journal.undone


def test_a_line_that_a_full_disk_cut_short_does_not_spoil_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "a.md", tmp_path / "b.md"
    journal = Journal(tmp_path, "1")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    journal.record(second, b"before", b"other")
    with monkeypatch.context() as context:
        context.setattr("dedupe.files.write_atomic", lambda *_: None)
        context.setattr(os, "fsync", full)
        with pytest.raises(WriteError, match="No space left"):
            journal.record(first, b"one", b"two")
    journal.record(second, b"before", b"after")
    second.write_bytes(b"after")
    assert undo(tmp_path)[0] == [second]


def test_half_a_line_is_taken_back(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import resource, signal
        from pathlib import Path
        from dedupe.errors import WriteError
        from dedupe.files import Journal
        home = Path({str(tmp_path)!r})
        journal = Journal(home, "1")
        journal.record(home / "a.md", b"one", b"two")
        size = (journal.folder / "posts.jsonl").stat().st_size
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))
        try:
            journal.record(home / "b.md", b"one", b"two")
            raise SystemExit("was written")
        except WriteError:
            pass
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        journal.record(home / "c.md", b"one", b"two")
    """)
    subprocess.run([sys.executable, "-c", script], check=True)
    for name in ("a.md", "c.md"):
        (tmp_path / name).write_bytes(b"two")
    assert undo(tmp_path) == ([tmp_path / "c.md", tmp_path / "a.md"], [])


def test_a_post_that_became_a_link_is_left_alone(tmp_path: Path) -> None:
    post, elsewhere = tmp_path / "a.md", tmp_path / "else.md"
    Journal(tmp_path, "1").record(post, b"before", b"after")
    elsewhere.write_bytes(b"after")
    post.symlink_to(elsewhere)
    given_back, (refused,) = undo(tmp_path)
    assert not given_back
    assert "has become a link" in refused
    assert post.is_symlink()
    assert elsewhere.read_bytes() == b"after"


def test_a_link_to_a_file_nothing_is_expected_of_stays_one(tmp_path: Path) -> None:
    link, file = tmp_path / "link", tmp_path / "file"
    file.write_bytes(b"before")
    link.symlink_to(file)
    write_atomic(link, b"after")
    assert link.is_symlink()
    assert file.read_bytes() == b"after"


def test_one_post_that_cannot_be_written_keeps_no_other_from_being_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = [tmp_path / name for name in ("a.md", "b.md", "c.md")]
    for post in posts:
        Journal(tmp_path, "1").record(post, b"before", b"after")
        post.write_bytes(b"after")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "b.md")
    given_back, (refused,) = undo(tmp_path)
    assert given_back == [posts[2], posts[0]]
    assert "read-only" in refused


def test_of_many_runs_in_one_second_the_last_one_is_undone(tmp_path: Path) -> None:
    moment = "2026-11-27T00-00-00Z"
    runs = ["2026-11-26T00-00-00Z", moment, *(f"{moment}-{number}" for number in range(2, 12))]
    for run in reversed(runs):
        Journal(tmp_path, run).record(tmp_path / "a.md", b"before", b"after")
    assert list_runs(tmp_path) == runs


def test_a_run_that_goes_on_after_it_was_undone_can_be_undone_again(tmp_path: Path) -> None:
    first, second = tmp_path / "a.md", tmp_path / "b.md"
    for post in (first, second):
        Journal(tmp_path, "1").record(post, b"before", b"after")
        post.write_bytes(b"after")
        assert undo(tmp_path) == ([post], [])
