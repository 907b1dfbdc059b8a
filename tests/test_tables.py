"""Rows are posts like any others, and what is not repaired in a table stays to the byte."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from typer.testing import CliRunner, Result

from dedupe import Config, examine, read_post
from dedupe.cli import app

DRAFT = "朝の港には網を繕う人がいる。指の動きは早く、目は沖を見たままだ。糸は祖父の代から同じ店で買う。\n"
POST = DRAFT + "\n---END---\n\n" + DRAFT
CASES = Path(__file__).parent / "cases"
TEXTS = [case.read_bytes().decode("utf-8") for case in sorted(CASES.glob("*.in.md"))[:30]]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--text-column", "body", "--jobs", "1"])


def write(name: str, rows: list[Any]) -> bytes:
    raw = "".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    if name.endswith(".parquet"):
        Path("rows.json").write_bytes(raw)
        duckdb.sql(f"COPY (FROM read_json('rows.json')) TO '{name}' (COMPRESSION zstd)")
        return Path(name).read_bytes()
    packed = gzip.compress(raw) if name.endswith(".gz") else zstandard.compress(raw) if name.endswith(".zst") else raw
    Path(name).write_bytes(packed)
    return packed


def read(name: str) -> list[Any]:
    if name.endswith(".parquet"):
        found = duckdb.sql(f"FROM '{name}'")
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    raw = Path(name).read_bytes()
    if name.endswith(".gz"):
        raw = gzip.decompress(raw)
    elif name.endswith(".zst"):
        raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
    return [json.loads(line) for line in raw.splitlines()]


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet"])
def test_rows_say_what_files_say_and_other_columns_stay(suffix: str) -> None:
    rows = [{"id": number, "body": text, "n": {"a": ["1", "い"]}} for number, text in enumerate(TEXTS)]
    before = write(f"in{suffix}", rows)
    report = json.loads(run("scan", f"in{suffix}", "--id-column", "id", "--format", "json", "--quiet").output)
    outcomes = [examine(read_post("a", text), Config()) for text in TEXTS]
    told = {post["path"]: [each["fingerprint"] for each in post["findings"]] for post in report["posts"]}
    expected = ([finding.fingerprint for finding in outcome.findings] for outcome in outcomes)
    assert told == {f"in{suffix}#{number}": each for number, each in enumerate(expected) if each}
    assert run("fix", f"in{suffix}", "--id-column", "id", "--output", f"out{suffix}").exit_code in {0, 1}
    assert Path(f"in{suffix}").read_bytes() == before
    assert read(f"out{suffix}") == [{**row, "body": done.repaired} for row, done in zip(rows, outcomes, strict=True)]
    removals = [json.loads(line) for line in Path(f"out{suffix}.removals.jsonl").read_text("utf-8").splitlines()]
    assert {each["id"] for each in removals} == {number for number, done in enumerate(outcomes) if done.changed}
    for each in removals:
        assert TEXTS[each["id"]][slice(*each["span"])] == each["text"]
    assert sorted(path.name for path in Path().glob(".*")) == []


def test_of_a_line_only_the_text_changes() -> None:
    post = json.dumps(POST)
    lines = [
        f'\ufeff{{ "x" : 1.50, "body":{post} ,"y":"\\u3042" }}\r\n',
        "\n",
        f'{{"body":"first","body":{post}}}\n',
        '{"body":null,"z":1e5}\n',
        f'{{"body":{json.dumps("短い文。")},"big":12345678901234567890.10}}',
    ]
    Path("in.jsonl").write_bytes("".join(lines).encode())
    assert run("fix", "in.jsonl", "--output", "out.jsonl").exit_code == 0
    repaired = json.dumps(examine(read_post("a", POST), Config()).repaired)
    assert Path("out.jsonl").read_bytes() == "".join(lines).replace(post, repaired).encode()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"body": "a\n', "row 2: is not JSON"),
        ("[1]\n", "row 2: has no 'body'"),
        ('{"text": "a"}\n', "row 2: has no 'body'"),
        ('{"body": 3}\n', "row 2: the text is no text but int"),
        ('{"body": "\\ud800"}\n', "row 2: the text holds half of a surrogate pair"),
    ],
)
def test_a_bad_row_is_named_and_stops_before_anything_is_written(line: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    write("in.jsonl", [{"body": POST}, line, {"body": POST}])
    assert run("fix", "in.jsonl", "--output", "out.jsonl").exit_code == 2
    assert [path.name for path in Path().iterdir()] == ["in.jsonl"]
    going = run("fix", "in.jsonl", "--output", "out.jsonl", "--keep-going")
    assert going.exit_code == 2
    assert said in going.output + going.stderr
    first, bad, last = Path("out.jsonl").read_text("utf-8").splitlines()
    assert bad + "\n" == line
    assert first == last == json.dumps({"body": DRAFT}, ensure_ascii=False)


def test_a_nul_and_twice_the_same_id_are_rows_like_others() -> None:
    write("in.jsonl", [{"id": "a", "body": "零\0\n\n" + POST}, {"id": "a", "body": POST}])
    run("fix", "in.jsonl", "--id-column", "id", "--output", "out.jsonl")
    assert [row["body"].count("朝の港") for row in read("out.jsonl")] == [1, 1]
    removals = [json.loads(line) for line in Path("out.jsonl.removals.jsonl").read_text("utf-8").splitlines()]
    assert {(each["id"], each["row"]) for each in removals} == {("a", 1), ("a", 2)}


@pytest.mark.parametrize("name", ["in.parquet", "in.jsonl.gz", "in.jsonl.zst"])
def test_a_damaged_file_is_named_and_nothing_written(name: str) -> None:
    raw = write(name, [{"body": POST}] * 50)
    Path(name).write_bytes(raw[: len(raw) // 2])
    out = name.replace("in", "out")
    assert run("fix", name, "--output", out, "--keep-going").exit_code == 2
    assert not Path(out).exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["fix", "in.jsonl"],
        ["fix", "in.jsonl", "--output", "in.jsonl"],
        ["fix", "in.jsonl", "--output", "out.parquet"],
        ["scan", "in.jsonl", "in.jsonl"],
        ["scan", "none.jsonl"],
        ["scan", "in.jsonl", "--format", "diff"],
        ["scan", "in.md"],
        ["scan", "in.parquet", "--id-column", "none"],
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str]) -> None:
    for name in ("in.jsonl", "in.parquet"):
        write(name, [{"body": POST}])
    before = Path("in.jsonl").read_bytes()
    assert run(*arguments).exit_code == 2
    assert Path("in.jsonl").read_bytes() == before
