"""What can go wrong, in sentences: what happened, where, and what to do.

DedupeError
├── ConfigError   a setting, an option or a catalogue entry is wrong
├── InputError    a path or a file cannot be read as posts
├── WriteError    a file could not be written, or changed meanwhile
├── UndoError     a run cannot be given back
└── LockError     another process is at what this one needs
"""

from __future__ import annotations

from collections.abc import Mapping


class Sentence(str):
    """A sentence in English that knows what it was made of, so that it can be said in other languages too."""

    __slots__ = ("message", "values")
    message: str
    values: Mapping[str, object]

    @classmethod
    def make(cls, message: str, values: Mapping[str, object]) -> Sentence:
        sentence = cls(message.format(**values) if values else message)
        sentence.message, sentence.values = message, values
        return sentence

    def __reduce__(self) -> tuple[object, tuple[str, Mapping[str, object]]]:
        return Sentence.make, (self.message, {name: _plain(value) for name, value in self.values.items()})


def _plain(value: object) -> object:
    """Return what another process can read of a value, to be shown the same."""
    return value if isinstance(value, str | int | float) else str(value)


class DedupeError(Exception):
    """Base of all errors a user can mend; its text is a full sentence, in English.

    `message` has a field for each of `values`, so that the sentence can be said in other languages.
    """

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message.format(**values) if values else message)
        self.message = message
        self.values = values

    def __str__(self) -> str:
        return Sentence.make(self.message, self.values)


class ConfigError(DedupeError):
    """A setting, an option or an entry of the catalogue is wrong."""


class InputError(DedupeError):
    """A path or a file cannot be read as posts."""


class WriteError(DedupeError):
    """A file could not be written, or changed between reading and writing."""


class UndoError(DedupeError):
    """A run cannot be given back."""


class LockError(DedupeError):
    """Another process is at what this one needs."""
