"""Only the posts that changed, and only those not excluded: as pull requests and commit hooks need it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dedupe.changed import changed_since
from dedupe.cli import app
from dedupe.errors import InputError

POST = "朝の港には網を繕う人がいる。\n\n---END---\n"


def git(*arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--quiet"])


def found(*arguments: str) -> list[str]:
    return [post["path"] for post in json.loads(run("scan", *arguments, "--format", "json").output)["posts"]]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    git("init", "-q", "-b", "main")
    for name in ("古い.md", "moved.md", "edited.md", "deleted.md"):
        (tmp_path / name).write_text(f"{name}\n\n{POST}", "utf-8")
    git("add", "-A")
    git("commit", "-qm", "posts")
    return tmp_path


def test_nothing_changed_is_nothing_to_examine(repository: Path) -> None:
    assert changed_since("HEAD", ["."]) == frozenset()
    assert run("scan", "--since", "HEAD").exit_code == 0
    assert run("fix", "--since", "HEAD").exit_code == 0
    assert "古い" in (repository / "古い.md").read_text("utf-8")


def test_committed_staged_edited_new_and_renamed_posts_are_examined(repository: Path) -> None:
    git("checkout", "-qb", "topic")
    (repository / "記事 一.md").write_text(POST, "utf-8")
    git("add", "-A")
    git("commit", "-qm", "one more")
    git("mv", "moved.md", "移した.md")
    (repository / "edited.md").write_text(POST, "utf-8")
    (repository / "deleted.md").unlink()
    (repository / "下書き.md").write_text(POST, "utf-8")
    assert found("--since", "main") == ["edited.md", "下書き.md", "移した.md", "記事 一.md"]
    assert found(".", "--since", "HEAD") == ["edited.md", "下書き.md", "移した.md"]
    assert run("fix", "--since", "main").exit_code == 0
    assert "END" not in (repository / "記事 一.md").read_text("utf-8")
    assert "END" in (repository / "古い.md").read_text("utf-8")


def test_what_the_other_branch_changed_does_not_count(repository: Path) -> None:
    git("branch", "topic")
    (repository / "古い.md").write_text("別の文。\n", "utf-8")
    git("commit", "-qam", "elsewhere")
    git("checkout", "-q", "topic")
    assert found("--since", "main") == []


def test_without_a_commit_a_repository_or_git_it_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("scan", "--since", "no-such").exit_code == 2
    with pytest.raises(InputError, match="no commit '--all'"):
        changed_since("--all", ["."])
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repository))
    (repository / ".git").rename(repository / "git")
    with pytest.raises(InputError, match="in no git repository"):
        changed_since("HEAD", ["."])
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="git cannot be started"):
        changed_since("HEAD", ["."])


def test_in_a_hook_of_a_linked_worktree_only_what_changed_counts(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("worktree", "add", "-q", "tree", "-b", "topic")
    posts = repository / "tree" / "posts"
    posts.mkdir()
    for name in ("old.md", "new.md"):
        monkeypatch.chdir(repository / "tree")
        (posts / name).write_text(POST, "utf-8")
        git("add", f"posts/{name}")
        if name == "old.md":
            git("commit", "-qm", "old")
    monkeypatch.setenv("GIT_DIR", str(repository / ".git" / "worktrees" / "tree"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(repository / ".git" / "worktrees" / "tree" / "index"))
    assert changed_since("HEAD", ["posts"]) == {posts / "new.md"}


def test_what_is_named_outright_is_left_out_with_force_exclude(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.md", "drafts/b.md", "old/c.md", "kept/old/d.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(POST, "utf-8")
    (tmp_path / ".dedupeignore").write_text("/old/\n", "utf-8")
    named = ["a.md", "drafts/b.md", "old/c.md", "kept/old/d.md", "--exclude", "drafts/"]
    assert found(*named) == ["a.md", "drafts/b.md", "kept/old/d.md", "old/c.md"]
    assert found(*named, "--force-exclude") == ["a.md", "kept/old/d.md"] == found(".", "--exclude", "drafts/")
    assert run("scan", "old/c.md", "--force-exclude").exit_code == 0


def test_no_post_is_an_error_unless_it_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (".", "none.md", "*.md"):
        assert run("scan", path).exit_code == 2
        assert run("scan", path, "--no-error-on-unmatched-pattern").exit_code == 0


def test_a_commit_hook_fails_where_something_was_repaired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for expected in (1, 0):
        assert run("fix", "--no-error-on-unmatched-pattern", "--exit-non-zero-on-fix").exit_code == 0
        (tmp_path / "a.md").write_text(POST if expected else "朝の港。\n", "utf-8")
        assert run("fix", "a.md", "--exit-non-zero-on-fix").exit_code == expected
        (tmp_path / "a.md").unlink()
