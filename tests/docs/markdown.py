"""The parts of a Markdown document that can be wrong: blocks of code, code in a line, links, headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

FENCED = re.compile(r'^```(\w*)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
LINK = re.compile(r'\]\(([^)\s]+)(?: "[^"]*")?\)|(?:src|href|srcset)="([^"]+)"')
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `title`: the path of the file that it shows, `line`: where its text begins."""

    language: str
    title: str | None
    text: str
    line: int

    @property
    def is_flow(self) -> bool:
        """Say whether this is a whole flow."""
        return self.language == "yaml" and all(
            re.search(f"^{key}:", self.text, re.MULTILINE) for key in ("id", "tasks")
        )


def blocks(document: str) -> list[Block]:
    """Give the fenced blocks in order."""
    return [
        Block(found[1], found[2], found[3], document.count("\n", 0, found.start(3)) + 1)
        for found in FENCED.finditer(document)
    ]


def section(document: str, heading: str) -> str:
    """Give what stands below a heading of the second level, up to the next one."""
    _, _, rest = document.partition(f"\n## {heading}\n")
    return re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def code(document: str) -> str:
    """Give all code, fenced and inline, a piece per line."""
    inline = INLINE.findall(FENCED.sub("", document))
    return "\n".join([block.text for block in blocks(document)] + inline)


def links(document: str) -> Iterator[str]:
    """Give the targets of links and pictures."""
    for found in LINK.finditer(FENCED.sub("", document)):
        yield found[1] or found[2]


def anchors(document: str) -> set[str]:
    """Give the anchors that headings get."""
    plain = (
        re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(FENCED.sub("", document))
    )
    return {heading.strip().replace(" ", "-") for heading in plain}
