"""The picture of the demo's terminal shows the demo, by itself and whoever looks at it."""

import re
from html import unescape
from xml.etree import ElementTree

import yaml

from tests.docs.checkout import ROOT
from tools.picture import FLOW, PICTURE, draw, last_frame

SPACE = "\N{NO-BREAK SPACE}"
BYTES_AT_MOST = 60_000


def text_of(svg: str) -> str:
    """Give the words of a picture."""
    return unescape(" ".join(ElementTree.fromstring(svg).itertext())).replace(SPACE, " ")


def test_what_the_live_view_erases_does_not_stay() -> None:
    live = "said\r\n\x1b[1mtitle\x1b[0m\r\n  ⠋ task\r\x1b[2K\x1b[1A\x1b[2Kmore\r\n\x1b[32mdone\x1b[0m\r\n"
    assert last_frame(live) == ["said", "more", "\x1b[32mdone\x1b[0m"]


def test_a_picture_holds_the_lines_with_their_indentation() -> None:
    svg = draw(["task", "    child"])
    assert "child" in text_of(svg)
    first, second = (re.search(rf'x="([\d.]+)"[^>]*>{word}<', svg) for word in ("task", "child"))
    assert first and second
    assert float(second[1]) > float(first[1])


def test_the_picture_in_the_readme_shows_all_tasks_of_the_demo() -> None:
    shown = text_of(PICTURE.read_text(encoding="utf-8"))
    flow = yaml.safe_load((ROOT / FLOW).read_text(encoding="utf-8"))
    tasks = [task["id"] for task in flow["tasks"]]
    outputs = [output["id"] for output in flow["outputs"]]
    assert [name for name in (*tasks, *outputs, "SUCCESS in") if name not in shown] == []


def test_the_picture_is_small_and_needs_no_other_host() -> None:
    svg = PICTURE.read_text(encoding="utf-8")
    assert len(svg.encode()) < BYTES_AT_MOST
    assert set(re.findall(r"https?://([^/\"' )]+)", svg)) == {"www.w3.org"}
