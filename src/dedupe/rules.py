"""The rules by code: what each is called, and how a verdict is told to a person."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from dedupe.differ import differ
from dedupe.fingerprint import fingerprint
from dedupe.model import Edit, Finding, Rewording, Span, Verdict


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of damage: its stable code and name, what one and several are called, and a line that says what it is."""

    code: str
    name: str
    one: str
    many: str
    summary: str

    def page(self) -> str:
        """Return the page of the rule, in Markdown."""
        return files("dedupe").joinpath("pages", f"{self.code}.md").read_text("utf-8")


RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule("RPT001", "repeated-passage", "repeated passage", "repeated passages", "a passage that stands in the post already"),
        Rule(
            "RPT002",
            "echoed-post",
            "echo of the post",
            "echoes of the post",
            "several paragraphs again, their line breaks flattened",
        ),
        Rule(
            "RPT003",
            "restarted-draft",
            "restarted draft",
            "restarted drafts",
            "a sentence that breaks off and its restart, down to the complete sentence",
        ),
        Rule(
            "RPT004",
            "broken-sentence",
            "broken sentence",
            "broken sentences",
            "a sentence that goes on after a break in its middle",
        ),
        Rule("RPT005", "continuation", "continuation", "continuations", "a draft after the first one"),
        Rule(
            "CUT001",
            "cut-off-sentence",
            "cut-off sentence",
            "cut-off sentences",
            "a sentence that breaks off and stands complete nowhere",
        ),
        Rule("LEAK001", "prompt-echo", "prompt echo", "prompt echoes", "the instruction to the text generator"),
        Rule(
            "LEAK002",
            "assistant-preamble",
            "assistant preamble",
            "assistant preambles",
            "an assistant that answers before it writes",
        ),
        Rule("LEAK003", "refusal", "refusal", "refusals", "an assistant that speaks of itself or declines"),
        Rule("LEAK004", "end-marker", "end marker", "end markers", "a marker that closes a generated text"),
        Rule("LEAK005", "chat-page", "chat-page label", "chat-page labels", "a button or label of a chat page"),
        Rule(
            "LEAK006",
            "citation-artefact",
            "citation artefact",
            "citation artefacts",
            "a citation mark that only a chat page resolves",
        ),
        Rule("LEAK007", "hidden-thought", "hidden thought", "hidden thoughts", "reasoning that was meant to stay hidden"),
        Rule("LEAK008", "placeholder", "placeholder", "placeholders", "a blank that nobody filled in"),
        Rule("LEAK009", "conflict-marker", "conflict marker", "conflict markers", "a merge conflict that nobody resolved"),
        Rule("POST001", "twin-post", "twin post", "twin posts", "a post that says nearly the same as another one"),
        Rule("POST002", "shared-passage", "shared passage", "shared passages", "a passage that stands in another post too"),
        Rule("POST003", "template", "template", "templates", "a passage that stands in many posts at a like place"),
        Rule("POST004", "same-address", "address taken twice", "addresses taken twice", "a post at the address of another one"),
        Rule(
            "POST005",
            "leaked-title",
            "leaked title",
            "leaked titles",
            "what an assistant said, taken for a title or the like",
        ),
        Rule(
            "SUP001",
            "unused-suppression",
            "unused suppression",
            "unused suppressions",
            "a suppression that leaves nothing alone",
        ),
    )
}


def describe(text: str, verdict: Verdict, edits: tuple[Edit, ...]) -> Finding:
    """Return the finding a verdict on `text` amounts to, its message a sentence with the reason in it."""
    rule = RULES[verdict.rule]
    # An empty span in front only says where the text goes on.
    start = next((span.start for span in verdict.spans if span.end > span.start), verdict.spans[0].start)
    span = Span(start, verdict.spans[-1].end)
    reason = f" ({'; '.join(verdict.evidence)})" if verdict.evidence else ""
    return Finding(
        code=rule.code,
        span=span,
        message=f"{rule.summary}{reason}",
        safety=verdict.safety,
        fingerprint=fingerprint(rule.code, text, verdict.spans),
        witness=verdict.witness,
        similarity=verdict.similarity or (1.0 if verdict.witness else None),
        evidence=verdict.evidence,
        edits=edits,
        rewordings=tuple(
            Rewording(goes, stays, differ(text[goes.start : goes.end], text[stays.start : stays.end]))
            for goes, stays in verdict.rewritten
        ),
    )
