from __future__ import annotations

from pathlib import Path

import pytest

from dedupe import Config
from dedupe.corpus import Choice, decode, find_sources
from dedupe.errors import InputError


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "_posts/a.md",
        "_posts/b.markdown",
        "_posts/c.mkd",
        "_posts/d.mdx",
        "_posts/E.MD",
        "_posts/notes.txt",
        "_drafts/x.md",
        "_site/y.md",
        "node_modules/pkg/README.md",
        ".git/config",
        ".git/info/exclude",
        "_posts/old/z.md",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("text\n")
    (tmp_path / ".git/info/exclude").write_text("")
    return tmp_path


def names(*paths: str, config: Config | None = None) -> list[str]:
    return [source.name for source in find_sources(paths, config or Config())]


def test_markdown_is_found_and_built_folders_are_not(site: Path) -> None:
    assert names(".") == [
        "_drafts/x.md",
        "_posts/E.MD",
        "_posts/a.md",
        "_posts/b.markdown",
        "_posts/c.mkd",
        "_posts/d.mdx",
        "_posts/old/z.md",
    ]


def test_files_folders_and_patterns_give_each_post_once(site: Path) -> None:
    assert names("_posts/a.md", "_posts", "_posts/*.md") == names("_posts")
    assert names("**/old/*.md") == ["_posts/old/z.md"]
    assert names("_posts/notes.txt") == ["_posts/notes.txt"], "named outright, any ending will do"
    assert [str(source.place) for source in find_sources(["_posts"], Config())][-1] == "old/z.md"


def test_ignore_files_are_minded(site: Path) -> None:
    (site / ".gitignore").write_text("_drafts/\n*.mdx\n")
    (site / "_posts/.dedupeignore").write_text("old/*\n")
    (site / ".git/info/exclude").write_text("c.mkd\n")
    assert names(".") == ["_posts/E.MD", "_posts/a.md", "_posts/b.markdown"]
    assert names("_posts") == ["_posts/E.MD", "_posts/a.md", "_posts/b.markdown"], "also of the parents"
    (site / "_posts/.gitignore").write_text("!d.mdx\n")
    assert "_posts/d.mdx" in names("_posts")


def test_exclude_and_suffixes(site: Path) -> None:
    assert names("_posts", config=Config(exclude=("old", "E.MD"), suffixes=(".md",))) == ["_posts/a.md"]


def test_links_are_not_followed(site: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.md"
    outside.write_text("text\n")
    (site / "_posts/link.md").symlink_to(outside)
    (site / "_posts/linked").symlink_to(outside.parent)
    assert not any("link" in name for name in names("."))


def test_what_is_not_there_is_an_error(site: Path) -> None:
    with pytest.raises(InputError, match="no file or folder 'nothing'"):
        names("nothing")
    with pytest.raises(InputError, match="no file matches"):
        names("nothing/*.md")


def test_a_table_is_not_taken_for_one_post(site: Path) -> None:
    for name in ("rows.jsonl", "rows.parquet", "Rows.JSONL.GZ"):
        (site / name).write_text("{}\n")
        with pytest.raises(InputError, match="--text-column"):
            names(name)
    assert names("rows.jsonl", config=Config(suffixes=(".md", ".jsonl"))) == ["rows.jsonl"]


def test_the_report_of_a_run_is_no_post(site: Path) -> None:
    before = names(".")
    run = site / "reports/2025-01-01T00-00-00Z"
    run.mkdir(parents=True)
    for name in ("report.html", "report.json", "summary.md"):
        (run / name).write_text("text\n")
    assert names(".") == before
    assert not find_sources([run / "summary.md"], Config(), Choice(force_exclude=True))
    (run / "report.html").unlink()
    assert "reports/2025-01-01T00-00-00Z/summary.md" in names(".")


def test_bytes_that_are_not_utf8_are_named() -> None:
    with pytest.raises(InputError, match=r"a\.md: not UTF-8 at byte 8 \(line 2: 0x82\)"):
        decode("a.md", b"text.\nab\x82\xa0")


def test_decoding_keeps_bom_and_line_ends() -> None:
    assert decode("a.md", b"\xef\xbb\xbfa\r\nb\rc\n").text == "\ufeffa\r\nb\rc\n"
