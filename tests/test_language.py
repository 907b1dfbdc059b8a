"""Every sentence is said in every language there is a catalogue for; what programs read is the same in all of them."""

from __future__ import annotations

import ast
import os
import pickle
import subprocess
import sys
from pathlib import Path
from string import Formatter

import pytest

import translations
from dedupe.errors import InputError
from dedupe.language import language, language_of_environment, say, say_many, speaking
from dedupe.report import say_error

LANGUAGES = sorted(folder.name for folder in translations.LOCALE.iterdir() if folder.is_dir())
ECHO = (
    "# The bakery\n\nThe oven was bought from a railway. It takes an hour to heat and a night to cool.\n\n"
    "Bread is sold from the window. Whoever brings a bag pays a coin less, whatever the bag is like.\n\n---END---\n\n"
    "The oven was bought from a railway. It takes an hour to heat and a night to cool.\n"
)


def fields(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name is not None}


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    plain = {name: value for name, value in os.environ.items() if name not in {"LC_ALL", "LC_MESSAGES", "LANG"}}
    command = [sys.executable, "-m", "dedupe", *arguments]
    return subprocess.run(command, cwd=folder, env={**plain, **environment}, capture_output=True)


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    (tmp_path / "post.md").write_text(ECHO, "utf-8")
    return tmp_path


@pytest.fixture
def twins(tmp_path: Path) -> Path:
    """A folder of a damaged post and a near copy of it, at addresses of their own."""
    (tmp_path / "_config.yml").write_text("plugins: []\n", "utf-8")
    walk = "Nobody knows who planted the limes along the road to it, but everybody has an opinion on when they should be cut. "
    first = ECHO.replace("---END---", walk + "In winter the road is closed, and the loaves come down on a sledge.\n\n---END---")
    for number, text in enumerate((first, first.replace("a coin less", "one coin less"))):
        file = tmp_path / "posts" / "_posts" / f"2025-03-0{number + 1}-bakery.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"---\ntitle: The bakery\n---\n{text}", "utf-8")
    return tmp_path


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_message_is_translated_and_none_is_left_over(code: str) -> None:
    said = {message.id: message for message in translations.read(code) if message.id}
    assert said.keys() == {message.id for message in translations.collect() if message.id}
    for message in said.values():
        many = isinstance(message.id, tuple)
        assert not message.fuzzy, message.id
        for told in message.string if many else (message.string,):
            assert told, f"not translated: {message.id}"
            assert fields(told) == fields(message.id[1] if many else message.id), message.id


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_the_package_reads_is_what_was_translated(code: str) -> None:
    compiled = (translations.LOCALE / code / "LC_MESSAGES" / "dedupe.mo").read_bytes()
    assert compiled == translations.compile_catalogue(translations.read(code))


def test_no_sentence_is_put_together_before_it_can_be_translated() -> None:
    """A message must stand in the source as it is looked up: no f-string, where one is said or raised."""
    for file in translations.PACKAGE.glob("*.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {*translations._KEYWORDS}:
                assert not isinstance(call.args[0], ast.JoinedStr), f"{file.name}:{call.lineno}"


def test_the_log_says_nothing_in_english_alone() -> None:
    for call in ast.walk(ast.parse((translations.PACKAGE / "cli.py").read_text("utf-8"))):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in {"error", "warning", "info"}:
            assert isinstance(call.args[0], ast.Call), f"cli.py:{call.lineno}"


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "de_DE"}, "de"),
        ({"LANG": "de_DE", "LC_ALL": "ja"}, "ja"),
        ({"LC_ALL": "de_DE", "DEDUPE_LANG": "ja"}, "ja"),
        ({"LC_ALL": "ja_JP", "DEDUPE_LANG": "en-GB"}, "en"),
        ({"DEDUPE_LANG": "", "LANG": "ja"}, "ja"),
        ({"DEDUPE_LANG": "../.."}, "en"),
    ],
)
def test_the_language_is_ours_before_the_locale(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], spoken: str
) -> None:
    for name in ("DEDUPE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == spoken


def test_a_language_without_a_catalogue_is_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEDUPE_LANG", "eo")
    assert say("nothing is removed") == "nothing is removed"
    assert [say_many("{count:,} post", "{count:,} posts", count) for count in (1, 2000)] == ["1 post", "2,000 posts"]


def test_an_error_is_english_by_itself_and_said_in_the_language_of_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    error = InputError("there is no file or folder {given!r}", given="posts")
    came = pickle.loads(pickle.dumps(str(error)))
    assert str(error) == came == "there is no file or folder 'posts'"
    monkeypatch.setenv("DEDUPE_LANG", "ja")
    language_of_environment.cache_clear()
    assert say(str(error)) == say(came) == "ファイルもフォルダも見つかりません: 'posts'"


@pytest.mark.parametrize(
    ("english", "japanese"),
    [
        (
            "a.md: a heading disappears at 3-9: # Oven; left as it was",
            "a.md: 元のままにしました(見出しがなくなる(3-9 字目): # Oven)",
        ),
        (
            "a paragraph changes its meaning at 1-2: to be at home: yes",
            "ブロック(paragraph)の意味が変わる(1-2 字目): to be at home: yes",
        ),
        ("t.jsonl: row 7: is not JSON (no comma)", "t.jsonl: 7 行目: JSON ではありません(no comma)"),
        ("nobody ever said this; nor that", "nobody ever said this; nor that"),
    ],
)
def test_what_was_stored_in_english_is_said_again(english: str, japanese: str) -> None:
    with speaking("ja"):
        assert say_error(english) == japanese
    with speaking("en"):
        assert say_error(english) == english


def test_whoever_speaks_for_a_while_speaks_as_before_afterwards() -> None:
    before = language()
    with speaking("ja"), speaking("en"):
        assert say("none") == "none"
    assert language() == before


def test_an_audit_across_posts_in_japanese(twins: Path) -> None:
    said = run(twins, "scan", "posts", DEDUPE_LANG="ja").stdout.decode()
    assert "% が同じ" in said
    assert "フロントマターをこう書ける: canonical_url: " in said
    assert "the same" not in said


def test_an_audit_in_japanese(posts: Path) -> None:
    done = run(posts, "scan", "post.md", DEDUPE_LANG="ja")
    assert done.returncode == 1
    said = done.stdout.decode()
    assert "繰り返された文章 1 件" in said
    assert "行目に残ります" in said
    assert "記事 1 件のうち 1 件に指摘 2 件。" in said
    assert not [line for line in said.splitlines() if line.endswith((".", ";"))]


def test_messages_and_help_in_japanese(posts: Path) -> None:
    assert "ファイルもフォルダも見つかりません: 'nowhere'" in run(posts, "scan", "nowhere", LANG="ja_JP.UTF-8").stderr.decode()
    assert "何も変更しません" in run(posts, "--help", DEDUPE_LANG="ja").stdout.decode()


@pytest.mark.parametrize("form", ["json", "jsonl", "sarif", "github", "gitlab", "junit", "rdjson", "rdjsonl", "csv", "concise"])
def test_what_programs_read_is_the_same_in_all_languages(twins: Path, form: str) -> None:
    english, japanese = (run(twins, "scan", "posts", "--format", form, DEDUPE_LANG=code).stdout for code in ("en", "ja"))
    assert english == japanese != b""


def test_the_index_knows_no_language(posts: Path) -> None:
    (posts / "posts").mkdir()
    (posts / "post.md").rename(posts / "posts" / "post.md")
    fresh = run(posts, "scan", "posts", "--no-cache", DEDUPE_LANG="ja").stdout
    run(posts, "scan", "posts", DEDUPE_LANG="en")
    assert run(posts, "scan", "posts", DEDUPE_LANG="ja").stdout == fresh
