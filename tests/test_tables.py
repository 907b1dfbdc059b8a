"""Rows are posts like any others, and what is not repaired in a table stays to the byte."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

import dedupe.pipeline
from dedupe import Config, examine, read_post, scan
from dedupe.cli import app
from dedupe.records import Columns
from dedupe.report import PostReport
from dedupe.run import count_findings, fix_table, scan_table

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
        pq.write_table(pa.Table.from_pylist(rows), name, compression="zstd", row_group_size=20)
        return Path(name).read_bytes()
    packed = gzip.compress(raw) if name.endswith(".gz") else zstandard.compress(raw) if name.endswith(".zst") else raw
    Path(name).write_bytes(packed)
    return packed


def read(name: str) -> list[Any]:
    if name.endswith(".parquet"):
        with Path(name).open("rb") as file:
            return pq.ParquetFile(file).read().to_pylist()
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
    alone = ("--ignore", "POST")
    report = json.loads(run("scan", f"in{suffix}", "--id-column", "id", "--format", "json", "--quiet", *alone).output)
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
    (written,) = Path("reports").iterdir()
    assert sorted(path.name for path in written.iterdir()) == ["report.html", "report.json", "summary.md"]
    told_there = json.loads((written / "report.json").read_text("utf-8"))
    assert {post["path"] for post in told_there["posts"]} == set(told)
    assert told_there["summary"]["posts_to_change"] == sum(done.changed for done in outcomes)


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
        ('{"body": NaN}\n', "row 2: the text is no text but float"),
        ('{"body":' + "[" * 100_000 + "\n", "row 2: is not JSON"),
    ],
)
def test_a_bad_row_is_named_and_stops_before_anything_is_written(line: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    write("in.jsonl", [{"body": POST}, line, {"body": POST}])
    assert run("fix", "in.jsonl", "--output", "out.jsonl").exit_code == 2
    assert [path.name for path in Path().iterdir()] == ["in.jsonl"]
    assert run("scan", "in.jsonl").exit_code == 2
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
        ["scan", "in.jsonl", "--since", "HEAD"],
        ["fix", "in.jsonl", "--output", "out.jsonl", "--scheduled"],
        ["fix", "in.jsonl", "--output", "folder"],
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str]) -> None:
    for name in ("in.jsonl", "in.parquet"):
        write(name, [{"body": POST}])
    Path("folder").mkdir()
    before = Path("in.jsonl").read_bytes()
    assert run(*arguments).exit_code == 2
    assert Path("in.jsonl").read_bytes() == before


@pytest.mark.parametrize("option", [["--id-column", "id"], ["--keep-going"]])
def test_what_is_for_tables_is_refused_for_files(option: list[str]) -> None:
    Path("a.md").write_text(POST, "utf-8")
    refused = CliRunner().invoke(app, ["scan", "a.md", *option])
    assert refused.exit_code == 2
    assert "--text-column" in refused.stderr


def test_a_path_is_taken_literally() -> None:
    write("in[1]*.parquet", [{"body": POST}])
    for other in ("in1a.parquet", "in[1]a.parquet"):
        write(other, [{"body": DRAFT}] * 3)
    assert run("fix", "in[1]*.parquet", "--output", "out?[2].parquet").exit_code == 0
    assert read("out?[2].parquet") == [{"body": DRAFT}]
    (written,) = Path("reports").iterdir()
    assert [post["path"] for post in json.loads((written / "report.json").read_text())["posts"]] == ["in[1]*.parquet:1"]


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())],
    ids=str,
)
@pytest.mark.parametrize("compression", ["snappy", "zstd", "none"])
def test_of_parquet_all_other_columns_types_and_metadata_stay(kind: Any, compression: str) -> None:
    fields: list[Any] = [
        pa.field("id", pa.uint64(), nullable=False),
        pa.field("body", kind, metadata={"language": "ja"}),
        pa.field("at", pa.timestamp("ns", tz="Asia/Tokyo")),
        pa.field("price", pa.decimal128(30, 3)),
        pa.field("tags", pa.list_(pa.struct([("name", pa.string()), ("n", pa.int8())]))),
    ]
    schema = pa.schema(fields, metadata={"pandas": "{}"})
    bodies = [[POST, None, DRAFT][number % 3] for number in range(300)]
    others = [[datetime(2031, 1, 1, tzinfo=UTC)] * 300, [Decimal("1.5")] * 300, [[{"name": "海", "n": 1}]] * 300]
    pq.write_table(
        pa.table([range(300), pa.array(bodies).cast(kind), *others], schema=schema),
        "in.parquet",
        compression=compression,
        row_group_size=70,
    )
    assert run("fix", "in.parquet", "--id-column", "id", "--output", "out.parquet").exit_code == 0
    before, after = pq.ParquetFile("in.parquet"), pq.ParquetFile("out.parquet")
    assert after.schema_arrow.equals(before.schema_arrow, check_metadata=True)
    assert after.read().drop(["body"]).equals(before.read().drop(["body"]))
    assert [row["body"] for row in read("out.parquet")] == [[DRAFT, None, DRAFT][number % 3] for number in range(300)]
    codecs = [table.metadata.row_group(0).column(1).compression for table in (before, after)]
    assert codecs[0] == codecs[1]


def test_a_row_of_parquet_that_is_no_text_is_named_and_copied_as_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    raw = [POST.encode(), b"caf\xe9", POST.encode()]
    table = pa.table({"body": pa.array(raw, pa.binary()).view(pa.string())})
    pq.write_table(table, "in.parquet")
    assert run("fix", "in.parquet", "--output", "out.parquet").exit_code == 2
    assert [path.name for path in Path().iterdir()] == ["in.parquet"]
    assert run("scan", "in.parquet").exit_code == 2
    capfd.readouterr()
    going = run("fix", "in.parquet", "--output", "out.parquet", "--keep-going")
    assert going.exit_code == 2
    assert "in.parquet: row 2: is no text" in going.output + going.stderr
    after = pq.read_table("out.parquet")["body"].cast(pa.binary()).to_pylist()
    assert after == [DRAFT.encode(), raw[1], DRAFT.encode()]


def test_a_damaged_row_group_is_named_by_its_rows_and_the_rest_goes_on() -> None:
    write("in.parquet", [{"id": number, "body": POST} for number in range(50)])
    column = pq.ParquetFile("in.parquet").metadata.row_group(1).column(1)
    raw = bytearray(Path("in.parquet").read_bytes())
    begin = column.dictionary_page_offset or column.data_page_offset
    raw[begin + 20 : begin + column.total_compressed_size] = bytes(column.total_compressed_size - 20)
    Path("in.parquet").write_bytes(raw)
    assert run("fix", "in.parquet", "--output", "out.parquet").exit_code == 2
    assert [path.name for path in Path().iterdir()] == ["in.parquet"]
    going = run("fix", "in.parquet", "--id-column", "id", "--output", "out.parquet", "--keep-going")
    assert going.exit_code == 2
    assert "row 21 and all up to row 40 cannot be read" in going.stderr
    assert "not in the copy" in going.stderr
    assert read("out.parquet") == [{"id": number, "body": DRAFT} for number in [*range(20), *range(40, 50)]]


def test_an_id_that_is_no_text_stops_like_a_text(capfd: pytest.CaptureFixture[str]) -> None:
    write("in.jsonl", ['{"id": "\\ud800", "body": "a"}\n'])
    refused = run("scan", "in.jsonl", "--id-column", "id")
    assert refused.exit_code == 2
    assert "row 1: the id holds half of a surrogate pair" in refused.stderr


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_several_workers_say_and_write_the_same(suffix: str) -> None:
    write(f"in{suffix}", [{"id": f"{number}", "body": text} for number, text in enumerate(TEXTS * 6)])
    written = []
    for jobs in (1, 2):
        report = fix_table(
            Path(f"in{suffix}"), Columns("body", "id"), Config(), Path(f"out{jobs}{suffix}"), reports=Path(f"r{jobs}"), jobs=jobs
        )
        copies = [Path(f"out{jobs}{suffix}{end}").read_bytes() for end in ("", ".removals.jsonl")]
        written.append((report.posts, report.errors, copies))
    assert written[0] == written[1]


def test_an_audit_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    write("in.jsonl", [{"body": POST}])

    def prove(*_: Any) -> None:
        raise AssertionError("proved")

    monkeypatch.setattr(dedupe.pipeline, "prove", prove)
    assert run("scan", "in.jsonl").exit_code == 1
    assert not Path("reports").exists()
    assert run("fix", "in.jsonl", "--dry-run").exit_code == 2


SUPPRESSED = f"---\ndedupe: {{ignore: [LEAK]}}\n---\n{POST}"
PIECES = st.sampled_from([*TEXTS, DRAFT, POST, SUPPRESSED, "\ufeff" + POST, POST.replace("\n", "\r\n"), "\x00 \u2028\n", ""])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=3).map("\n\n".join), min_size=1, max_size=4), st.sampled_from([".jsonl", ".parquet"]))
def test_a_row_says_what_a_file_of_its_text_says(texts: list[str], suffix: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, text in enumerate(texts):
            (folder / f"{number}.md").write_bytes(text.encode())
        write(f"{name}/in{suffix}", [{"id": f"{number}.md", "body": text} for number, text in enumerate(texts)])
        files = scan([folder], Config()).posts
        rows = scan_table(folder / f"in{suffix}", Columns("body", "id"), Config()).posts
    assert [_call_by_id(post) for post in rows] == [_call_by_id(post) for post in files]


def _call_by_id(post: PostReport) -> PostReport:
    findings = (
        replace(each, elsewhere=tuple(replace(other, path=other.path[-4:]) for other in each.elsewhere)) for each in post.findings
    )
    return replace(post, path=post.path[-4:], findings=tuple(findings))


IDS = ["https://example.org//a/../b", "c#d", "e\u0301", "same", "same", "x:1"]


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".parquet"])
def test_a_baseline_knows_rows(suffix: str) -> None:
    name = f"in{suffix}"
    write(name, [{"id": key, "body": POST if number != 4 else DRAFT} for number, key in enumerate(IDS)])
    Path("dedupe.toml").write_text("", "utf-8")
    assert CliRunner().invoke(app, ["baseline", name, "--text-column", "body", "--id-column", "id"]).exit_code == 0
    for path in (name, f"./{name}", str(Path(name).absolute())):
        assert run("scan", path, "--id-column", "id").exit_code == 0
    assert run("fix", name, "--id-column", "id", "--output", f"out{suffix}").exit_code == 0
    assert read(f"out{suffix}") == read(name)
    write(name, [{"id": key, "body": POST} for key in [*IDS, "new"]])
    found = json.loads(run("scan", name, "--id-column", "id", "--format", "json").output)
    assert [post["path"] for post in found["posts"] if post["findings"]] == [f"{name}#new"]


def test_a_baseline_of_a_folder_keeps_its_rows_and_offers_them_to_no_post() -> None:
    write("in.jsonl", [{"id": "a/1", "body": POST}])
    CliRunner().invoke(app, ["baseline", "in.jsonl", "--text-column", "body", "--id-column", "id"])
    Path("posts").mkdir()
    Path("posts/copy.md").write_text(POST, "utf-8")
    assert CliRunner().invoke(app, ["scan", "posts"]).exit_code == 1
    CliRunner().invoke(app, ["baseline", "--update", "posts"])
    assert run("scan", "in.jsonl", "--id-column", "id").exit_code == 0
    Path("in.jsonl").unlink()
    assert CliRunner().invoke(app, ["baseline", "--prune", "posts"]).exit_code == 0
    known = Path(".dedupe-baseline.json").read_text("utf-8")
    assert "in.jsonl" not in known
    assert "posts/copy.md" in known


def test_decisions_and_suppressions_hold_in_rows() -> None:
    write("in.jsonl", [{"body": POST}, {"body": SUPPRESSED}])
    found = json.loads(run("scan", "in.jsonl", "--format", "json").output)
    first, second = found["posts"]
    assert {each["code"] for each in first["findings"]} >= {"LEAK004"}
    assert "LEAK004" not in {each["code"] for each in second["findings"]}
    Path(".dedupe").mkdir()
    rejected = [json.dumps({"fingerprint": each["fingerprint"], "decision": "reject"}) for each in first["findings"]]
    Path(".dedupe/decisions.jsonl").write_text("\n".join(dict.fromkeys(rejected)), "utf-8")
    run("fix", "in.jsonl", "--output", "out.jsonl")
    assert read("out.jsonl")[0] == {"body": POST}


def test_a_row_group_far_larger_than_memory_should_be_is_copied_within_little() -> None:
    blob = pa.array([b"x" * 100_000], pa.binary())
    schema = pa.schema([("body", pa.string()), ("blob", pa.binary())])
    with pq.ParquetWriter("in.parquet", schema, compression="zstd") as writer:
        rows = pa.table({"body": pa.nulls(6000, pa.string()), "blob": blob.take(pa.array([0] * 6000))}, schema=schema)
        writer.write_table(rows, row_group_size=6000)
        del rows
    command = [sys.executable, "-m", "dedupe", "fix", "in.parquet", "--text-column", "body", "--output", "out.parquet"]
    measure = f"import resource, subprocess, sys; done = subprocess.run({command!r}, check=True)\n"
    measure += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", measure], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert pq.ParquetFile("out.parquet").metadata.num_rows == 6000
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout.split()[-1]) * unit < 400e6


LOAF = (
    "Knead it for ten minutes, then wait. Under a damp cloth it will double by noon, and by one it is in the oven.\n\n"
    "Whoever cannot wait that long should bake a flat bread, which needs no more than a hot stone, a little salt, and "
    "somebody who turns it over in time.\n"
)
SHARED = [
    f"---\npermalink: /a/\n---\n{LOAF}",
    f"---\npermalink: /b/\n---\n{LOAF}",
    f"{LOAF}\nIt is a bread of the coast.\n\n" + "".join(f"Number {n} of them was a tall man.\n\n" for n in range(40)),
    f"---\npermalink: /a/\ntitle: As an AI language model, I cannot write\n---\n{POST}",
    f"---\ndedupe: false\n---\n{LOAF}",
]


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".parquet"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_rows_are_compared_with_each_other_as_files_are(suffix: str, jobs: int) -> None:
    write(f"in{suffix}", [{"body": text, "id": f"{number}.md"} for number, text in enumerate(SHARED)])
    for number, text in enumerate(SHARED):
        Path("posts").mkdir(exist_ok=True)
        Path(f"posts/{number}.md").write_text(text, "utf-8")
    rows = scan_table(Path(f"in{suffix}"), Columns("body", "id"), Config(), jobs=jobs)
    files = scan(["posts"])
    assert {"POST001", "POST002", "POST004", "POST005"} <= {finding.code for finding in files.findings}

    def plain(posts: Any, before: str) -> Any:
        told = [(post.path, each, [other.path for other in each.elsewhere]) for post in posts for each in post.findings]
        return [(path.removeprefix(before), each.code, each.span, each.fingerprint, others) for path, each, others in told]

    expected = [
        (*rest, [f"in{suffix}#{other.removeprefix('posts/')}" for other in others])
        for *rest, others in plain(files.posts, "posts/")
    ]
    assert plain(rows.posts, f"in{suffix}#") == [tuple(each) for each in expected]


def test_of_rows_with_one_name_each_is_compared_and_the_first_counts_as_older() -> None:
    write("in.jsonl", [{"body": LOAF, "id": 7}, {"body": POST, "id": 7}, {"body": LOAF, "id": 7}, {"body": None}, "{broken"])
    report = scan_table(Path("in.jsonl"), Columns("body", "id"), Config(), keep_going=True)
    assert [post.path for post in report.posts] == ["in.jsonl#7"] * 3
    told = [[finding.code for finding in post.findings if finding.code.startswith("POST")] for post in report.posts]
    assert told == [[], [], ["POST001"]]
    known = Config(baseline=count_findings(report))
    assert scan_table(Path("in.jsonl"), Columns("body", "id"), known, keep_going=True).findings == []


def test_a_copy_of_a_table_has_its_twins_as_they_were() -> None:
    write("in.jsonl", [{"body": f"---\npermalink: /{number}/\n---\n{LOAF}"} for number in range(3)])
    result = run("fix", "in.jsonl", "--output", "out.jsonl", "--unsafe-fixes")
    assert "POST001" in result.output
    assert Path("out.jsonl").read_bytes() == Path("in.jsonl").read_bytes()
    (page,) = Path("reports").glob("*/report.html")
    assert "in.jsonl:2" in page.read_text("utf-8")


def test_rows_beyond_memory_are_not_compared_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dedupe.spool.ROOM", 1000)
    write("in.jsonl", [{"body": LOAF}] * 3)
    result = run("scan", "in.jsonl", "--quiet")
    assert result.exit_code == 2
    assert "too many rows to compare" in result.output
    assert run("scan", "in.jsonl", "--quiet", "--ignore", "POST").exit_code == 0
