"""Settings: one frozen type, its defaults written once, one place that checks what a file or a command line says."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from dedupe.baseline import Baseline
from dedupe.decisions import Decision
from dedupe.errors import ConfigError
from dedupe.model import Keep, Safety

if TYPE_CHECKING:
    from dedupe.leaks import Entry

_CODES_BY_GROUP = {"RPT": 5, "CUT": 1, "LEAK": 9, "POST": 5, "SUP": 1}
CODES = tuple(f"{group}{number:03d}" for group, count in _CODES_BY_GROUP.items() for number in range(1, count + 1))
FIXLESS = frozenset({"CUT001", "LEAK009", "POST002", "POST003", "POST004", "POST005", "SUP001"})
"""Rules that never have a fix: what they find is new text, or what a person wrote and must resolve."""
ACROSS = "POST"
"""The codes of the rules that compare posts with each other begin like this."""
CONTINUATION = "RPT005"
"""The rule of what goes with `keep` set to `first-draft`; never safe, for its text may stand nowhere else."""
TWIN = "POST001"
"""The rule of posts that say the same; a fix of it is about front matter alone."""
TEMPLATE = "POST003"
"""The rule of text that is wanted in many posts: told, and no damage."""
NEAR_RULES = ("RPT001", "RPT002")
"""The rules whose passages may stand again with small changes."""


@dataclass(frozen=True, slots=True)
class Config:
    """What the user decided; every stage gets it whole and none changes it."""

    select: tuple[str, ...] = ()
    """Codes, or beginnings of codes, to report and repair; empty means all."""
    ignore: tuple[str, ...] = ()
    """Codes, or beginnings of codes, to leave alone; wins over `select`."""
    keep: Keep = Keep.BEST
    """Which copy of a passage stays; `first-draft` lets all continuations go, with `unsafe_fixes` only."""
    unsafe_fixes: bool = False
    """Also apply fixes that need a person's judgement."""
    safety: tuple[tuple[str, Safety], ...] = ()
    """Codes, or beginnings of codes, with the safety all their fixes have; of several that fit the longest counts."""
    max_removed: float = 0.95
    """Share of a post a repair may take away before it asks for `force`."""
    force: bool = False
    """Repair even where more than `max_removed` would go."""
    suffixes: tuple[str, ...] = (".md", ".markdown", ".mkd", ".mdx")
    """File name endings that are posts when a folder is searched."""
    exclude: tuple[str, ...] = ()
    """Patterns, written as in .gitignore, of files and folders that are not searched."""
    leaks: tuple[Entry, ...] = ()
    """Entries added to the catalogue of leaks."""
    decisions: Mapping[str, Decision] = field(default_factory=dict, hash=False)
    """What was decided about findings, by fingerprint; from a file of its own, not a setting."""
    baseline: Baseline = field(default_factory=dict, hash=False)
    """Findings that are known and told no more, by post as reports call it; from a file of its own, not a setting."""
    reviewing: bool = False
    """Look for all that a decision may be about; not a setting."""

    def wants(self, code: str) -> bool:
        chosen = not self.select or code.startswith(self.select)
        return chosen and not (self.ignore and code.startswith(self.ignore))

    @property
    def compares(self) -> bool:
        """Whether posts are compared with each other."""
        return any(self.wants(code) for code in CODES if code.startswith(ACROSS))

    @property
    def near(self) -> bool:
        """Whether near copies are looked for, which costs more than all the rest; a first draft stays as it was."""
        if self.keep == Keep.FIRST_DRAFT:
            return False
        if self.reviewing or self.unsafe_fixes or self.asked:
            return True
        return Safety.SAFE in {self.safety_of(rule) for rule in NEAR_RULES}

    @property
    def raises(self) -> bool:
        """Whether settings or decisions may have fixes made that the evidence alone would not."""
        return bool(self.safety) or self.asked

    @property
    def asked(self) -> bool:
        """Whether a person asked for something to be done, and not only for something to be left."""
        return any(decision.asks for decision in set(self.decisions.values()))

    def safety_of(self, code: str) -> Safety | None:
        """Return the safety set for a rule; None leaves it to the evidence."""
        fitting = [(len(begin), safety) for begin, safety in self.safety if code.startswith(begin)]
        return max(fitting)[1] if fitting else None


SETTINGS = tuple(each.name for each in fields(Config) if each.name not in {"decisions", "baseline", "reviewing"})
"""What a settings file may say."""


def build_config(values: Mapping[str, Any], source: str, base: Config | None = None) -> Config:
    """Return `base` with `values` put over it; raises ConfigError that names `source` and what to write instead."""
    known = {each.name: each for each in fields(Config) if each.name in SETTINGS}
    changes: dict[str, Any] = {}
    for key, value in values.items():
        name = key.replace("-", "_")
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known settings: {', '.join(sorted(known))}"
            raise ConfigError("{source}: unknown setting {key!r}; {hint}", source=source, key=key, hint=hint)
        changes[name] = _check(name, value, source)
    return replace(base or Config(), **changes)


def _check(name: str, value: Any, source: str) -> Any:
    if name == "leaks":
        from dedupe.leaks import read_entry  # noqa: PLC0415 (few have entries of their own; the others need not wait for numpy)

        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise ConfigError("{source}: 'leaks' must be a list of tables, written [[leaks]]", source=source)
        return tuple(read_entry(entry) for entry in value)
    if name == "keep":
        known = [keep.value for keep in Keep]
        if value not in known:
            near = difflib.get_close_matches(str(value).lower(), known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known)}"
            raise ConfigError("{source}: 'keep' cannot be {value!r}; {hint}", source=source, value=str(value), hint=hint)
        return Keep(value)
    if name == "safety":
        if not isinstance(value, Mapping):
            raise ConfigError(
                "{source}: 'safety' must be a table of codes, written [safety], not {value!r}", source=source, value=value
            )
        return tuple(sorted(_check_safety(code, level, source) for code, level in value.items()))
    if name == "max_removed":
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            raise ConfigError(
                "{source}: 'max_removed' must be a share above 0 and up to 1, not {value!r}", source=source, value=value
            )
        return float(value)
    if name in {"unsafe_fixes", "force"}:
        if not isinstance(value, bool):
            raise ConfigError("{source}: {name!r} must be true or false, not {value!r}", source=source, name=name, value=value)
        return value
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ConfigError("{source}: {name!r} must be a list of texts, not {value!r}", source=source, name=name, value=value)
    if name in {"select", "ignore"}:
        return tuple(_check_code(code, source) for code in value)
    if name == "suffixes":
        return tuple(suffix if suffix.startswith(".") else f".{suffix}" for suffix in value)
    return tuple(value)


def _check_code(code: str, source: str) -> str:
    wanted = code.strip().upper()
    if wanted and any(known.startswith(wanted) for known in CODES):
        return wanted
    near = difflib.get_close_matches(wanted, CODES, 1)
    hint = f"did you mean {near[0]}?" if near else "`dedupe rules` lists them"
    raise ConfigError("{source}: no rule has a code that begins with {code!r}; {hint}", source=source, code=code, hint=hint)


def _check_safety(code: str, level: Any, source: str) -> tuple[str, Safety]:
    wanted = _check_code(code, source)
    levels = {safety.name.lower(): safety for safety in reversed(Safety)}
    if level not in levels:
        near = difflib.get_close_matches(str(level).lower(), levels, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(levels)}"
        raise ConfigError(
            "{source}: {code!r} in 'safety' cannot be {level!r}; {hint}", source=source, code=code, level=level, hint=hint
        )
    if levels[level] > Safety.DISPLAY and FIXLESS.issuperset(each for each in CODES if each.startswith(wanted)):
        raise ConfigError(
            "{source}: {code!r} in 'safety' cannot be {level!r}; what it finds has no fix, so it is always 'display'",
            source=source,
            code=code,
            level=level,
        )
    if levels[level] is Safety.SAFE and wanted == CONTINUATION:
        raise ConfigError(
            "{source}: {code!r} in 'safety' cannot be 'safe'; what goes may stand nowhere else", source=source, code=code
        )
    return wanted, levels[level]
