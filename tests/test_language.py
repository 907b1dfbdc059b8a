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
from dedupe.language import language, say, say_many

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
    language.cache_clear()
    assert say(str(error)) == say(came) == "ファイルもフォルダも見つかりません: 'posts'"


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
def test_what_programs_read_is_the_same_in_all_languages(posts: Path, form: str) -> None:
    english, japanese = (run(posts, "scan", "post.md", "--format", form, DEDUPE_LANG=code).stdout for code in ("en", "ja"))
    assert english == japanese != b""


def test_the_index_knows_no_language(posts: Path) -> None:
    (posts / "posts").mkdir()
    (posts / "post.md").rename(posts / "posts" / "post.md")
    fresh = run(posts, "scan", "posts", "--no-cache", DEDUPE_LANG="ja").stdout
    run(posts, "scan", "posts", DEDUPE_LANG="en")
    assert run(posts, "scan", "posts", DEDUPE_LANG="ja").stdout == fresh
