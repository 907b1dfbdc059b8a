"""The command line as its users see it: each file in cmd/ is a call with what comes out."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

CALLS = sorted((Path(__file__).parent / "cmd").glob("*.toml"))
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in {"FORCE_COLOR", "CLICOLOR_FORCE", "CI"}}


def dedupe(*args: str, cwd: Path, stdin: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**ENVIRONMENT, "COLUMNS": "200", **more}
    return subprocess.run([sys.executable, "-m", "dedupe", *args], cwd=cwd, input=stdin, capture_output=True, env=environment)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.stem)
def test_call(call: Path, tmp_path: Path) -> None:
    spec = tomllib.loads(call.read_text("utf-8"))
    for name, text in spec.get("files", {}).items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    for name, raw in spec.get("bytes", {}).items():
        (tmp_path / name).write_bytes(bytes.fromhex(raw))
    result = dedupe(*spec["args"], cwd=tmp_path, stdin=spec.get("stdin", "").encode())
    for name, output in (("stdout", result.stdout.decode()), ("stderr", result.stderr.decode())):
        if name in spec:
            assert output == spec[name].removeprefix("\n")
        for part in spec.get(f"{name}_has", []):
            assert part in output
    assert result.returncode == spec["code"], result.stderr.decode()
    for name, text in spec.get("after", {}).items():
        assert (tmp_path / name).read_bytes() == text.encode()
    assert b"Traceback" not in result.stderr


def test_help_and_version_do_not_wait_for_numpy(tmp_path: Path) -> None:
    for args in (["--help"], ["--version"], ["scan", "--help"]):
        code = (
            f"import sys; sys.argv = ['dedupe', *{args!r}]\n"
            "from dedupe.cli import main\n"
            "try: main()\n"
            "except SystemExit: pass\n"
            "print([name for name in ('numpy', 'rich', 'loguru', 'pyromark') if name in sys.modules], file=sys.stderr)\n"
        )
        result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=True)
        assert result.stderr == b"[]\n"


def test_help_fits_eighty_columns(tmp_path: Path) -> None:
    for args in ([], ["scan"], ["fix"], ["undo"], ["rules"]):
        result = dedupe(*args, "--help", cwd=tmp_path, COLUMNS="80")
        assert result.returncode == 0
        assert max(map(len, result.stdout.decode().splitlines())) <= 80


def test_colours_only_when_asked(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("text\n\n---END---\n")
    assert b"\x1b[" not in dedupe("scan", ".", cwd=tmp_path).stdout
    assert b"\x1b[" in dedupe("scan", ".", cwd=tmp_path, FORCE_COLOR="1").stdout
    assert b"\x1b[" not in dedupe("scan", ".", cwd=tmp_path, FORCE_COLOR="1", NO_COLOR="1").stdout


def test_a_strip_says_the_same_with_colours_and_without(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("The harbour opens at six. Boats leave every hour.\n\n" * 2)
    plain = dedupe("scan", ".", cwd=tmp_path, FORCE_COLOR="1", NO_COLOR="1").stdout
    coloured = dedupe("scan", ".", cwd=tmp_path, FORCE_COLOR="1").stdout
    assert b"  |\x1b[32m#####" in coloured
    assert re.sub(rb"\x1b\[[0-9;]*m", b"", coloured) == plain


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.md").write_text("text\n\n---END---\n" * 200)
    command = f"{sys.executable} -m dedupe scan --format json . | head -c 10 > /dev/null; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=True)
    assert b"Traceback" not in result.stderr
    assert b"BrokenPipe" not in result.stderr


@pytest.mark.slow
def test_an_interrupt_leaves_whole_files(tmp_path: Path) -> None:
    posts = tmp_path / "posts"
    posts.mkdir()
    before = "The harbour opens at six. Boats leave every hour.\n\n" * 2 + "In winter it is quiet.\n"
    after = before.removeprefix("The harbour opens at six. Boats leave every hour.\n\n")
    for number in range(3000):
        (posts / f"{number:04}.md").write_text(before)
    # Without the rules across posts each is written as soon as it is examined, so there is time to interrupt.
    command = [sys.executable, "-m", "dedupe", "fix", "posts", "--ignore", "POST"]
    # Whoever runs tests in the background ignores interrupts, and what they start would too.
    before_ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    signal.signal(signal.SIGINT, before_ours)
    with process:
        while not list(tmp_path.glob(".dedupe/journal/*/posts.jsonl")) and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr.decode()
    assert b"Traceback" not in stderr
    assert {file.read_text() for file in posts.iterdir()} <= {before, after}
    assert len(list(posts.iterdir())) == 3000
    assert dedupe("undo", cwd=tmp_path).returncode == 0
    assert {file.read_text() for file in posts.iterdir()} == {before}
