"""What is written is true: rules, options, exit codes, examples."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import dedupe
from dedupe import Config, examine, read_post, scan
from dedupe.config import CODES, SETTINGS
from dedupe.rules import RULES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def test_every_rule_has_a_code_a_name_and_a_page() -> None:
    assert tuple(RULES) == CODES
    for rule in RULES.values():
        assert rule.page().startswith(f"# {rule.code} {rule.name}\n")
        assert f"`{rule.code}`" in README
        for part in ("## Why it matters", "## Example", "## Fix safety"):
            assert part in rule.page()


ACROSS_POSTS = [code for code in CODES if code.startswith("POST")]


@pytest.mark.parametrize("code", ACROSS_POSTS)
def test_the_example_of_a_page_across_posts_is_true(code: str, tmp_path: Path) -> None:
    (example,) = re.findall(r"```markdown\n(.*?)```", RULES[code].page(), re.DOTALL)
    for number in range(8 if code == "POST003" else 2):
        (tmp_path / f"2025-03-0{number + 1}-loaf.md").write_text(example, "utf-8")
    assert {finding.code for finding in scan([tmp_path]).findings} == {code}


@pytest.mark.parametrize("code", [code for code in CODES if code not in ACROSS_POSTS])
def test_the_example_of_a_page_is_true(code: str) -> None:
    page = RULES[code].page()
    damaged, *fixed = re.findall(r"```markdown\n(.*?)```", page, re.DOTALL)
    outcome = examine(read_post("a.md", damaged), Config())
    if code not in {"CUT001", "LEAK008", "RPT005"}:  # told only in posts with other damage, or when asked for
        assert code in {finding.code for finding in outcome.findings}
    if fixed:
        assert outcome.repaired.strip() == fixed[0].strip()
    elif "stays as it is" in page:
        assert outcome.repaired == damaged


def test_every_option_is_in_the_readme_or_its_help() -> None:
    for command in ("scan", "fix", "undo", "rules"):
        assert f"dedupe {command}" in README
    commands = ([sys.executable, "-m", "dedupe", command, "--help"] for command in ("fix", "baseline", "review"))
    help_text = "".join(subprocess.run(each, capture_output=True, check=True).stdout.decode() for each in commands)
    for option in set(re.findall(r"`(--[a-z-]+)", README)):
        assert option in help_text or option == "--version", option


def test_every_module_is_in_the_architecture_page() -> None:
    for file in (ROOT / "src" / "dedupe").glob("*.py"):
        if not file.stem.startswith("__"):
            assert f"`{file.stem}" in ARCHITECTURE, file.stem


def test_every_setting_is_in_the_readme() -> None:
    for name in SETTINGS:
        assert f"`{name}`" in README, name


def test_the_public_names() -> None:
    assert set(dedupe.__all__) == set(dedupe._HOMES)
    for name in dedupe.__all__:
        assert getattr(dedupe, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = dedupe.nonsense


def test_readme_example_of_the_library_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "a.md").write_text("text\n\n---END---\n")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {})
    assert (tmp_path / "posts" / "a.md").read_text() == "text\n"


def test_the_lock_files_name_no_host() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        assert "://" not in (ROOT / name).read_text("utf-8")


def test_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for lock, wanted in (
        ("requirements.lock", project["project"]["dependencies"]),
        ("requirements-dev.lock", project["dependency-groups"]["dev"]),
    ):
        locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / lock).read_text("utf-8"), re.MULTILINE))
        assert {re.split(r"[<>=]", requirement)[0].lower() for requirement in wanted} <= locked


def test_a_wheel_holds_all_that_the_package_reads() -> None:
    """The wheel takes `src/dedupe` whole, so what is not ignored by git, which the build obeys, is in it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"] == {"packages": ["src/dedupe"]}
    package = ROOT / "src" / "dedupe"
    read = [
        "leaks.toml",
        "schema.json",
        "py.typed",
        "web/words.json",
        "web/review_words.json",
        "web/report.js",
        "web/review/base.html",
    ]
    read += ["web/vendor/chart.umd.min.js", "locale/ja/LC_MESSAGES/dedupe.mo", *(f"pages/{code}.md" for code in CODES)]
    assert [name for name in read if not (package / name).is_file()] == []
    there = sorted(str(file.relative_to(ROOT)) for file in package.rglob("*") if file.is_file() and file.suffix != ".pyc")
    ignored = subprocess.run(["git", "check-ignore", "--no-index", *there], cwd=ROOT, capture_output=True, text=True)
    assert ignored.stdout == ""


def test_the_schema_is_shipped() -> None:
    assert json.loads((ROOT / "src" / "dedupe" / "schema.json").read_text("utf-8"))["title"] == "A report of dedupe"


def test_the_first_example_is_what_a_scan_prints() -> None:
    command = [sys.executable, "-m", "dedupe", "scan", "corpus/", "--exit-zero", "--quiet"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True).stdout
    (shown,) = re.findall(r"    \$ dedupe scan corpus/\n((?:    .*\n)+)", README)
    assert re.sub("^    ", "", shown, flags=re.MULTILINE) in printed
