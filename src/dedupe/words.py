"""What the review says, in English and Japanese."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

LANGUAGES = ("en", "ja")


class Words:
    """The catalogue of one language: called with a key, and what to put into its sentence."""

    def __init__(self, language: str, sentences: Mapping[str, str]) -> None:
        self.language = language
        self._sentences = sentences

    def __call__(self, key: str, **values: object) -> str:
        said = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
        return self._sentences[key].format(**said)


@lru_cache
def read_words(language: str) -> Words:
    """Return the words of a language: Japanese where it is named like that (`ja`, `ja_JP.UTF-8`), else English."""
    known = "ja" if language.lower().startswith("ja") else "en"
    catalogue = json.loads(files("dedupe").joinpath("web", "review_words.json").read_text("utf-8"))
    return Words(known, catalogue[known])
