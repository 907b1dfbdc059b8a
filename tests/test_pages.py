"""The page of a rule says the same in every language: part by part, with the same examples and the same names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dedupe
from dedupe.rules import RULES

PAGES = Path(dedupe.__file__).parent / "pages"
LANGUAGES = sorted(folder.name for folder in PAGES.iterdir() if folder.is_dir())
PARTS = {"ja": ["## なぜ問題か", "## 例", "## 修正の安全性"]}


def examples(page: str) -> list[str]:
    return re.findall(r"^```markdown\n.*?^```$", page, re.MULTILINE | re.DOTALL)


def prose(page: str) -> str:
    return re.sub(r"^```markdown\n.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_translated_and_none_is_left_over(language: str) -> None:
    assert sorted(file.stem for file in (PAGES / language).glob("*.md")) == sorted(RULES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", RULES)
def test_a_translated_page_has_the_parts_and_examples_of_the_english_one(code: str, language: str) -> None:
    english, told = RULES[code].page(), RULES[code].page(language)
    assert told != english
    assert told.splitlines()[0] == english.splitlines()[0]
    assert re.findall(r"^## .*$", prose(told), re.MULTILINE) == PARTS[language]
    assert examples(told) == examples(english)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", RULES)
def test_a_translated_page_names_what_the_english_one_names(code: str, language: str) -> None:
    """What stands between backticks is typed or read as it is, so it is the same; so are the figures."""
    english, told = prose(RULES[code].page()), prose(RULES[code].page(language))
    assert sorted(re.findall(r"`[^`\n]+`", told)) == sorted(re.findall(r"`[^`\n]+`", english))
    assert set(re.findall(r"\d+", told)) <= set(re.findall(r"\d+", english))


def test_a_language_without_pages_has_the_english_one() -> None:
    assert RULES["RPT001"].page("eo") == RULES["RPT001"].page()


@pytest.mark.parametrize(("spoken", "heading"), [("ja_JP.UTF-8", "## なぜ問題か"), ("C.UTF-8", "## Why it matters")])
def test_the_command_tells_a_rule_in_the_language_of_the_reader(spoken: str, heading: str) -> None:
    command = [sys.executable, "-m", "dedupe", "rules", "RPT003"]
    said = subprocess.run(command, env={**os.environ, "DEDUPE_LANG": spoken}, capture_output=True, check=True).stdout.decode(
        "utf-8"
    )
    assert heading in said
