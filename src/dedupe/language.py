"""Say sentences in the language of whoever reads them: English as they are written, else by a gettext catalogue."""

from __future__ import annotations

import os
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from dedupe.errors import Sentence

if TYPE_CHECKING:
    from gettext import NullTranslations

_VARIABLES = ("DEDUPE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""Where the language is looked for, the first that is set counts: as gettext does, with our own before all."""


@cache
def language() -> str:
    """Return the language to speak, as a code of two letters or three: that of `DEDUPE_LANG`, else of the locale.

    The environment is asked once: a report says tens of thousands of sentences.
    """
    said = next((value for name in _VARIABLES if (value := os.environ.get(name))), "")
    code = said.replace("-", "_").partition("_")[0].partition(".")[0].lower()
    return code if code.isalpha() and code not in {"c", "posix"} else "en"


def say(message: str, /, **values: object) -> str:
    """Return a message in the language of the reader, its fields filled in; one that is in no catalogue stays English."""
    plain, fields = (message.message, message.values) if isinstance(message, Sentence) else (message, values)
    told = _catalogue(language()).gettext(plain) if plain else plain
    if not fields:
        return told
    return told.format(**{name: say(value) if isinstance(value, Sentence) else value for name, value in fields.items()})


def N_(message: str) -> str:  # noqa: N802 (what gettext calls it)
    """Return a message as it is: marked to be translated where it is said."""
    return message


def say_many(one: str, many: str, count: int, /, **values: object) -> str:
    """Return the message for that many things, as the language tells one from many; `{count}` is filled in too."""
    return _catalogue(language()).ngettext(one, many, count).format(count=count, **values)


@cache
def _catalogue(code: str) -> NullTranslations:
    from gettext import NullTranslations, translation  # noqa: PLC0415 (those who read English do not wait for it)

    if code == "en":
        return NullTranslations()
    return translation("dedupe", str(files("dedupe") / "locale"), [code], fallback=True)
