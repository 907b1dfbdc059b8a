"""Say sentences in the language of whoever reads them: English as they are written, else by a gettext catalogue."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import TYPE_CHECKING

from dedupe.errors import Sentence

if TYPE_CHECKING:
    from gettext import NullTranslations

_VARIABLES = ("DEDUPE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""Where the language is looked for, the first that is set counts: as gettext does, with our own before all."""
_WHY = "why"
"""The field of a sentence that holds another sentence."""
_spoken: ContextVar[str] = ContextVar("spoken", default="")


def language() -> str:
    """Return the language to speak, as a code of two letters or three: that of `DEDUPE_LANG`, else of the locale."""
    return _spoken.get() or language_of_environment()


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak another language for a while: pages have that of who opens them."""
    before = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(before)


@cache
def language_of_environment() -> str:
    """Return the language that the environment asks for; it is asked once: a report says tens of thousands of sentences."""
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


def say_again(said: str, forms: Sequence[str] = ()) -> str:
    """Say what is known only as it was said in English, as in a report that was stored: whole, by one of `forms`, or in pieces.

    What stands in a form for `{why}` is said again too. What is not known stays as it is.
    """
    if language() == "en":
        return said
    if (told := say(said)) != said:
        return told
    for form in forms:
        if found := _pattern(form).fullmatch(said):
            return say(
                form, **{name: say_again(value, forms) if name == _WHY else value for name, value in found.groupdict().items()}
            )
    pieces = said.split("; ")
    told_pieces = [say(piece) for piece in pieces]
    return say("; ").join(told_pieces) if told_pieces != pieces else said


@cache
def _pattern(form: str) -> re.Pattern[str]:
    pieces = (re.escape(plain) + (f"(?P<{name}>.*?)" if name else "") for plain, name, _, _ in Formatter().parse(form))
    return re.compile("".join(pieces), re.DOTALL)


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
