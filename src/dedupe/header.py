"""Find front matter by its own span, and read its values; it is never written back from values."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import msgspec

from dedupe.model import Post, Span

_EOL = r"(?:\r\n|\n|\r(?!\n))"
"""An end of a line, of which there is one way to read it: else a search would try both ways at each line."""
_END = rf"(?:{_EOL}|\Z)"
_YAML = re.compile(rf"---[ \t]*{_EOL}(?P<inside>(?:[^\r\n]*{_EOL})*?)(?:---|\.\.\.)[ \t]*{_END}")
_TOML = re.compile(rf"\+\+\+[ \t]*{_EOL}(?P<inside>(?:[^\r\n]*{_EOL})*?)\+\+\+[ \t]*{_END}")
_KEY = re.compile(rf"(?:[ \t]*(?:\#[^\r\n]*)?{_EOL})*" + r"""(?:["']?[^\s:#\-"'{[][^\r\n:]*["']?[ \t]*:(?:\s|\Z)|\{|\Z)""")
_UNCLOSED = re.compile(rf"---[ \t]*{_EOL}(?:(?:[^\s:]+:(?:[ \t][^\r\n]*)?|[ \t]+\S[^\r\n]*|-[ \t][^\r\n]*){_END})+")


def read_post(name: str, text: str) -> Post:
    """Return the post, its front matter found: YAML, TOML or JSON, or an empty span after the BOM."""
    return Post(name, text, _find_header(text))


def _find_header(text: str) -> Span:
    begin = 1 if text.startswith("\ufeff") else 0
    yaml = _YAML.match(text, begin)
    # A post may open with a rule: only what reads like a mapping is front matter.
    if yaml and _KEY.match(yaml["inside"]):
        return Span(0, yaml.end())
    if toml := _TOML.match(text, begin):
        return Span(0, toml.end())
    if text[begin : begin + 1] == "{" and text[begin + 1 : begin + 2] not in {"%", "{", ":", "#"}:
        return Span(0, _json_end(text, begin))
    # Left open, front matter is still not prose: all that looks like it stays out of reach.
    if unclosed := _UNCLOSED.match(text, begin):
        return Span(0, unclosed.end())
    return Span(0, begin)


def _json_end(text: str, begin: int) -> int:
    try:
        value, end = json.JSONDecoder().raw_decode(text, begin)
    except ValueError:
        return begin
    line_end = re.compile(r"[ \t]*(?:\r\n|\n|\r|\Z)").match(text, end)
    return line_end.end() if line_end and isinstance(value, dict) else begin


def read_values(post: Post) -> dict[str, Any]:
    """Return the values of the front matter, or nothing where it cannot be read."""
    header = post.text[: post.header.end].lstrip("\ufeff")
    # None of the readers knows a line that ends with CR alone.
    header = re.sub(r"\r\n?", "\n", header)
    if yaml := _YAML.match(header):
        return read_yaml(yaml["inside"]) or {}
    try:
        if header.startswith("+++"):
            values = tomllib.loads(header.strip().strip("+"))
        else:
            # As the readers of YAML and TOML do, this one takes no half of a character, which could not be written anywhere.
            values = msgspec.json.decode(header) if header.startswith("{") else {}
    except Exception:  # noqa: BLE001, whatever a reader of TOML or JSON raises, the post is examined without its values
        return {}
    return values if isinstance(values, dict) else {}


def read_yaml(text: str) -> dict[str, Any] | None:
    """Return the mapping that is written in YAML, an empty one for an empty text; None where it is none or cannot be read."""
    from frontmatter.default_handlers import YAMLHandler  # noqa: PLC0415 (only some posts need it)

    try:
        values = YAMLHandler().load(text)
    except Exception:  # noqa: BLE001 (as above)
        return None
    return {} if values is None else values if isinstance(values, dict) else None
