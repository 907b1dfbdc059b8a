"""Audit and repair collections of Markdown posts in which passages are repeated or appended."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dedupe.config import Config
    from dedupe.errors import DedupeError
    from dedupe.files import undo
    from dedupe.header import read_post
    from dedupe.model import Edit, Finding, Outcome, Post, Safety, Span
    from dedupe.pipeline import examine
    from dedupe.report import Report
    from dedupe.run import fix, scan

__all__ = [
    "Config",
    "DedupeError",
    "Edit",
    "Finding",
    "Outcome",
    "Post",
    "Report",
    "Safety",
    "Span",
    "examine",
    "fix",
    "read_post",
    "scan",
    "undo",
]

# Names are looked up when they are asked for, so that `dedupe --help` need not wait for numpy.
_HOMES = {
    "Config": "config",
    "DedupeError": "errors",
    "Edit": "model",
    "Finding": "model",
    "Outcome": "model",
    "Post": "model",
    "Report": "report",
    "Safety": "model",
    "Span": "model",
    "examine": "pipeline",
    "fix": "run",
    "read_post": "header",
    "scan": "run",
    "undo": "files",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"dedupe.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'dedupe' has no attribute {name!r}")
