from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dedupe import Edit, Span
from dedupe.diff import unified_diff
from dedupe.repair import apply


def git_apply(folder: Path, name: str, text: str, edits: list[Edit]) -> None:
    """Let git apply the diff to a real file, and compare bytes."""
    file = folder / name
    file.write_bytes(text.encode())
    patch = folder / "changes.diff"
    patch.write_bytes(unified_diff(name, text, edits).encode())
    for more in (["--check"], []):
        subprocess.run(["git", "apply", *more, str(patch)], cwd=folder, check=True, capture_output=True)
    assert file.read_bytes() == apply(text, edits).encode()


@pytest.mark.parametrize(
    ("text", "removed"),
    [
        ("a\nb\nc\n", "b\n"),
        ("a\nb\nc", "\nc"),
        ("a\nb\nc", "c"),
        ("a\r\nb\r\nc\r\n", "b\r\n"),
        ("\ufeffa\nb\n", "b"),
        ("a\nb c d\ne\n", "c "),
        ("only\n", "only\n"),
        ("no end", "end"),
        ("a\rb\rc\n", "b\r"),
        ("a\u2028b\nc\n", "c\n"),
        ("\n\n\nb\n\n\n", "b"),
    ],
)
@pytest.mark.parametrize("name", ["post.md", "a post.md", "港の朝.md", "_posts/x.md"])
def test_git_takes_the_diff(tmp_path: Path, text: str, removed: str, name: str) -> None:
    (tmp_path / "_posts").mkdir()
    start = text.index(removed)
    git_apply(tmp_path, name, text, [Edit(Span(start, start + len(removed)), "")])


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["a", "b", "\n", "\r\n", "x\ny", "\n\n"]), min_size=1, max_size=60).map("".join), st.data())
def test_git_takes_any_diff(tmp_path: Path, text: str, data: st.DataObject) -> None:
    borders = sorted(set(data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=8))))
    edits = [Edit(Span(*pair), "") for pair in zip(borders[::2], borders[1::2], strict=False)]
    if apply(text, edits) != text and apply(text, edits):
        git_apply(tmp_path, "post.md", text, edits)


def test_no_edit_no_diff() -> None:
    assert unified_diff("a.md", "a\n", []) == ""
