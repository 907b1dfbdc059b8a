from __future__ import annotations

import pytest

from dedupe import Config, examine, read_post
from dedupe.config import build_config
from dedupe.errors import ConfigError
from dedupe.leaks import ANCHORS, KINDS, Entry, find_in_titles, find_leaks, read_catalogue, read_entry
from dedupe.split import split

ENTRY = {"id": "x", "kind": "end", "strength": "sign", "anchor": "line", "needle": "fin", "pattern": "=fin="}


def ids(text: str, *extra: Entry) -> list[str]:
    post = read_post("a.md", text)
    return [*find_in_titles(text.splitlines(), extra).values()] + [leak.id for leak in find_leaks(post, split(post), extra)]


@pytest.mark.parametrize("entry", read_catalogue(), ids=lambda entry: entry.id)
def test_each_entry_leaves_its_legitimate_line_alone(entry: Entry) -> None:
    assert entry.legitimate
    assert entry.id not in ids(entry.legitimate + "\n")


@pytest.mark.parametrize("entry", read_catalogue(), ids=lambda entry: entry.id)
def test_each_entry_finds_its_positive_line(entry: Entry) -> None:
    assert entry.kind in KINDS
    assert entry.anchor in ANCHORS
    assert entry.id in ids(entry.positive + "\n")
    assert entry.id in ids(f"Text before.\r\n\r\n{entry.positive}\r\n\r\nText after.\r\n")


@pytest.mark.parametrize("lang", ["ja", "en", "zh", "ko", "es", "de", "fr", "pt"])
def test_the_catalogue_knows_the_language(lang: str) -> None:
    assert len({entry.kind for entry in read_catalogue() if entry.lang == lang}) >= 2


def test_ids_are_unique() -> None:
    names = [entry.id for entry in read_catalogue()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "text",
    [
        "```\n---END---\n```\n",
        "> ---END---\n",
        "    ---END---\n",
        "text `---END---` text\n",
        "| a |\n| - |\n| [END] |\n",
        "[^1]: ---END---\n",
        "<!-- dedupe: off -->\n\n---END---\n\n<!-- dedupe: on -->\n",
        "---\ntitle: 【既存の記事の最後の部分】\n---\n\ntext\n",
        "<details>\n\n---END---\n\n</details>\n",
    ],
)
def test_nothing_is_found_in_code_quotes_tables_footnotes_or_switched_off_text(text: str) -> None:
    assert ids(text) == []


def test_full_width_markers_are_found() -> None:
    assert ids("－－－ＥＮＤ－－－\n") == ["end-dashes"]


def test_a_heading_leak_takes_the_list_under_it() -> None:
    text = "text.\n\n【要求事項】\n1. 一つ目\n2. 二つ目\n\n本文に戻る。\n"
    post = read_post("a.md", text)
    (leak,) = find_leaks(post, split(post))
    assert text[slice(*leak.span)] == "【要求事項】\n1. 一つ目\n2. 二つ目"


def test_a_lone_sign_is_told_and_left() -> None:
    outcome = examine(read_post("a.md", "As an AI language model, I cannot swim.\n\nThe rest is text.\n"), Config())
    assert [(finding.code, finding.safety.name) for finding in outcome.findings] == [("LEAK003", "DISPLAY")]
    assert not outcome.changed


def test_a_post_about_prompts_needs_structure() -> None:
    text = "---\ntitle: How a prompt ends\n---\n\nThe first part.\n\n---END---\n\nThe second part.\n"
    assert not examine(read_post("a.md", text), Config()).changed
    assert examine(read_post("a.md", text.replace("prompt", "story")), Config()).changed


def test_users_extend_the_catalogue() -> None:
    extra = read_entry(ENTRY)
    assert ids("=FIN=\n", extra) == ["x"]
    config = build_config({"leaks": [{**ENTRY, "strength": "decisive"}]}, "dedupe.toml")
    assert examine(read_post("a.md", "A story.\n\n=fin=\n\nIt goes on.\n"), config).repaired == "A story.\n\nIt goes on.\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "oops"}, "kind"),
        ({"anchor": "oops"}, "anchor"),
        ({"strength": "oops"}, "strength"),
        ({"pattern": "("}, "compile"),
        ({"needle": None}, "lacks needle"),
    ],
)
def test_a_wrong_entry_is_refused_with_a_sentence(change: dict[str, str | None], message: str) -> None:
    raw = {key: value for key, value in {**ENTRY, **change}.items() if value is not None}
    with pytest.raises(ConfigError, match=message):
        read_entry(raw)


def test_what_an_author_wrote_beside_a_leak_stays() -> None:
    draft = "羽根は四枚あって、どれも樫でできている。\n\n粉は朝のうちに挽いて、昼には町へ運ぶ。\n\n"
    for text, kept in (
        ("はい、承知いたしました。記事の続きを書いて完成させます。冬は羽根を外して磨く。\n", "冬は羽根を外して磨く。"),
        ("【要求事項】\n- 自然に続ける\n\n1. 綱を引く\n2. 石を上げる\n\n---END---\n", "1. 綱を引く\n2. 石を上げる"),
        ("【注意】\n\n- 羽根に近づかない\n- 粉は濡らさない\n\n---END---\n", "【注意】\n\n- 羽根に近づかない"),
    ):
        assert kept in examine(read_post("a.md", draft + text), Config()).repaired
