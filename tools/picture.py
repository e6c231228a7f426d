"""Draw the terminal of `make demo` for the README: `python -m tools.picture` writes docs/demo.svg.

The command runs in a pseudo terminal, as a user sees it; what its live view erases again is not drawn.
"""

import contextlib
import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from html import unescape
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs/demo.svg"
TITLE = "make demo"
FLOW = "examples/seattle-weather.yaml"
COLUMNS, ROWS = 100, 50
FONTS = "ui-monospace, 'Fira Code', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
TOKEN = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|(\r\n|\n|\r)|([^\x1b\r\n]+)")
INDENTED = re.compile(
    r'(<text [^>]*x=")([\d.]+)("[^>]*textLength=")([\d.]+)("[^>]*>)((?:&#160;)+)(?P<text>[^<]+)<'
)
THEME = TerminalTheme(
    (30, 33, 39),
    (205, 211, 222),
    [
        (40, 44, 52),
        (224, 108, 117),
        (130, 190, 110),
        (229, 192, 123),
        (97, 175, 239),
        (198, 120, 221),
        (86, 182, 194),
        (171, 178, 191),
    ],
)


def typed(command: list[str], directory: Path) -> str:
    """Run a command in a pseudo terminal and give all that it writes there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    unset = ("COLUMNS", "LINES", "NO_COLOR", "TIERCEL_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment["TERM"] = "xterm-256color"
    with subprocess.Popen(
        command, cwd=directory, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as ran:
        os.close(theirs)
        written = bytearray()
        with contextlib.suppress(OSError):  # Linux: the other end is closed, and nothing is left to read
            while chunk := os.read(ours, 65536):
                written += chunk
    os.close(ours)
    if ran.returncode:
        raise SystemExit(written.decode() + f"\n{command} left with {ran.returncode}; mend it first.")
    return written.decode()


def last_frame(written: str) -> list[str]:
    """Give the lines that stay on the terminal, colours included.

    Only what rich's live view writes is known here: cursor up and down by lines, a line erased as a whole.
    """
    lines, row = [""], 0
    for code, verb, end, text in TOKEN.findall(written):
        if text:
            lines[row] += text
        elif verb == "m":
            lines[row] += f"\x1b[{code}m"
        elif verb == "A":
            row = max(0, row - int(code or 1))
        elif verb == "K":
            lines[row] = ""
        elif "\n" in end:
            row += 1
            lines += [""] * (row + 1 - len(lines))
    while lines and not Text.from_ansi(lines[-1]).plain.strip():
        lines.pop()
    return lines


def draw(lines: list[str]) -> str:
    """Draw a terminal that holds these lines, as wide as they need."""
    texts = [Text.assemble(("$ ", "bold green"), (TITLE, "bold")), *map(Text.from_ansi, lines)]
    width = max(text.cell_len for text in texts)
    console = Console(record=True, file=io.StringIO(), width=width, force_terminal=True)
    for text in texts:
        text.rstrip()
        console.print(text, no_wrap=True, crop=False)
    svg = console.export_svg(title=TITLE, theme=THEME, unique_id="demo")
    return INDENTED.sub(indent, without_hosts(svg))


def indent(found: re.Match[str]) -> str:
    """Put a text where its first letter stands: some viewers drop the spaces at its beginning."""
    before, x, between, length, rest, spaces = found.groups()[:6]
    shift = spaces.count(";") * float(length) / (spaces.count(";") + cell_len(unescape(found["text"])))
    return f"{before}{float(x) + shift:g}{between}{float(length) - shift:g}{rest}{found['text']}<"


def without_hosts(svg: str) -> str:
    """Leave out what rich would load from other hosts: the picture uses the fonts of whoever looks at it."""
    local = re.sub(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"font-family: [^;]+;", f"font-family: {FONTS};", local)


def main() -> None:
    """Write the picture."""
    tiercel = str(Path(sys.executable).with_name("tiercel"))
    with tempfile.TemporaryDirectory() as empty:  # so that the picture is of a first run, and leaves none
        (Path(empty) / "examples").symlink_to(ROOT / "examples")
        lines = last_frame(typed([tiercel, "run", FLOW], Path(empty)))
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"wrote: {PICTURE.relative_to(ROOT)} ({len(lines)} lines)\n")


if __name__ == "__main__":
    main()
