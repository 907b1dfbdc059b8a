"""What can go wrong, in sentences: what happened, where, and what to do.

DedupeError
├── ConfigError   a setting, an option or a catalogue entry is wrong
├── InputError    a path or a file cannot be read as posts
├── WriteError    a file could not be written, or changed meanwhile
├── UndoError     a run cannot be given back
└── LockError     another process is at what this one needs
"""

from __future__ import annotations


class DedupeError(Exception):
    """Base of all errors a user can mend; its text is a full sentence."""


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
