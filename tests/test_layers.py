"""The house: modules import only those before them, and only the edges touch files, print or exit."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "dedupe"

ORDER = [
    "errors",
    "language",
    "model",
    "differ",
    "fingerprint",
    "header",
    "markdown",
    "blocks",
    "split",
    "fold",
    "repeats",
    "sketch",
    "engine",
    "alike",
    "leaks",
    "baseline",
    "decisions",
    "decide",
    "config",
    "copies",
    "facts",
    "near",
    "scene",
    "rows",
    "breaks",
    "choose",
    "fences",
    "headings",
    "judge",
    "drafts",
    "restore",
    "repair",
    "prove",
    "rules",
    "suppress",
    "address",
    "front",
    "traits",
    "shelf",
    "collection",
    "twins",
    "passages",
    "across",
    "spare",
    "part",
    "pipeline",
    "diff",
    "report",
    "page",
    "formats",
    "files",
    "corpus",
    "settings",
    "changed",
    "records",
    "lines",
    "parquet",
    "tables",
    "lock",
    "index",
    "history",
    "peers",
    "spool",
    "run",
    "align",
    "markup",
    "session",
    "ask",
    "words",
    "show",
    "preview",
    "desk",
    "guard",
    "answers",
    "review",
    "cli",
]
EDGES = {
    "language",
    "engine",
    "history",
    "files",
    "corpus",
    "settings",
    "changed",
    "records",
    "lines",
    "parquet",
    "tables",
    "lock",
    "index",
    "shelf",
    "peers",
    "spool",
    "run",
    "desk",
    "answers",
    "review",
    "cli",
}
DOORS = {"__init__", "__main__"}
OUTSIDE_ONLY = {"open", "print", "input", "exit"}
OUTSIDE_MODULES = {"os", "sys", "time", "pathlib", "subprocess", "tempfile", "loguru", "typer", "multiprocessing", "random"}


def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{module}.py").read_text("utf-8"))


def imports(module: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_every_module_has_its_place() -> None:
    assert {file.stem for file in PACKAGE.glob("*.py")} == {*ORDER, *DOORS}


@pytest.mark.parametrize("module", ORDER)
def test_imports_point_one_way(module: str) -> None:
    allowed = set(ORDER[: ORDER.index(module)])
    inside = {name.removeprefix("dedupe.") for name in imports(module) if name.startswith("dedupe.")}
    assert inside <= allowed


@pytest.mark.parametrize("module", [module for module in ORDER if module not in EDGES])
def test_the_core_touches_no_files_clocks_or_screens(module: str) -> None:
    assert not {name.split(".")[0] for name in imports(module)} & OUTSIDE_MODULES
    called = {node.func.id for node in ast.walk(tree(module)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & OUTSIDE_ONLY


@pytest.mark.parametrize("module", ORDER)
def test_functions_fit_a_screen(module: str) -> None:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 75, f"{module}.{node.name}"


@pytest.mark.parametrize("module", ORDER)
def test_public_things_are_documented(module: str) -> None:
    assert ast.get_docstring(tree(module))
    for node in tree(module).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{module}.{node.name}"


def test_the_proof_shares_nothing_with_the_search() -> None:
    search = {"fold", "repeats", "copies", "scene", "rows", "breaks", "fences", "judge", "split", "blocks"}
    assert not {name.removeprefix("dedupe.") for name in imports("prove")} & search
