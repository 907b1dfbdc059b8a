"""What the review says: every sentence that is asked for is there in both languages, and none that nobody asks for."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from dedupe import Config, Safety, examine, read_post
from dedupe.config import CODES
from dedupe.decisions import Decision
from dedupe.language import speaking
from dedupe.rules import EVIDENCE, say_reason
from dedupe.session import Status, Why
from dedupe.words import LANGUAGES, read_words

PACKAGE = Path(__file__).parents[1] / "src" / "dedupe"
WORDS = json.loads((PACKAGE / "web" / "review_words.json").read_text("utf-8"))
SOURCES = [
    *(PACKAGE / "web" / "review").glob("*.html"),
    *(PACKAGE / f"{name}.py" for name in ("answers", "guard", "preview", "show")),
]
SAFETIES = [safety.name.lower() for safety in Safety]
FAMILIES = {
    *(f"rule_{code}" for code in CODES),
    *SAFETIES,
    *(f"{safety}_long" for safety in SAFETIES),
    *(f"status_{status}" for status in (*Status, "seen")),
    *(f"note_{decision}" for decision in (*Decision, "reopen", "seen")),
    *(f"apply_{scope}" for scope in ("decided", "all")),
    *(why.value for why in Why),
}
"""Words that are asked for by a name put together."""
POSTS = sorted(
    file for folder in ("tests/cases", "tests/untouched", "corpus") for file in (Path(__file__).parents[1] / folder).rglob("*.md")
)


def asked() -> Iterator[str]:
    for file in SOURCES:
        text = file.read_text("utf-8")
        yield from re.findall(r"""\bt\(['"](\w+)['"][,)]""", text)
        yield from re.findall(r"""\b_go\([^"\n]*"(\w+)"[,)]""", text)


def test_every_word_that_is_asked_for_is_there_and_none_else() -> None:
    said = set(WORDS["en"])
    assert {*asked(), *FAMILIES} - said == set()
    quoted = {word for file in SOURCES for word in re.findall(r"""['"](\w+)['"]""", file.read_text("utf-8"))}
    assert said - FAMILIES - quoted == set()


def test_all_languages_say_the_same_things() -> None:
    assert set(WORDS) == set(LANGUAGES)
    for key, english in WORDS["en"].items():
        for language in LANGUAGES:
            assert Counter(re.findall(r"\{\w+\}", WORDS[language][key])) == Counter(re.findall(r"\{\w+\}", english)), key
    assert all(words.keys() == WORDS["en"].keys() for words in WORDS.values())


def test_every_evidence_that_is_known_is_given_somewhere() -> None:
    code = "".join(file.read_text("utf-8") for file in PACKAGE.glob("*.py") if file.stem != "rules")
    assert [piece for piece in EVIDENCE if f'"{piece}' not in code] == []


@pytest.mark.parametrize("post", POSTS, ids=lambda post: post.name)
def test_every_evidence_that_is_given_is_known(post: Path) -> None:
    text = read_post(post.name, post.read_bytes().decode("utf-8"))
    for finding in examine(text, Config(unsafe_fixes=True)).findings:
        for piece in (piece for reason in finding.evidence for piece in reason.split("; ")):
            assert piece in EVIDENCE, finding


def test_what_is_not_known_is_said_as_it_is() -> None:
    with speaking("ja"):
        assert say_reason("at the end; in a galaxy") == "末尾にある、in a galaxy"


def test_evidence_with_figures_and_texts_is_said_too() -> None:
    with speaking("ja"):
        assert say_reason("98 % the same") == "98 % が同じ"
        assert say_reason("as in a series: their days differ; their links differ") == "連載らしい: 日付・曜日が違う、リンクが違う"
        assert say_reason("its front matter could say: a: b; c: d") == "フロントマターをこう書ける: a: b; c: d"
    assert say_reason("98 % the same") == "98 % the same"


def test_languages_are_known_by_their_beginning() -> None:
    assert read_words("ja_JP.UTF-8").language == "ja"
    assert read_words("de").language == "en"
