"""What a process must load before its first template is rendered."""

import subprocess
import sys

DEAR = ("collections", "datetime", "decimal", "enum", "functools", "importlib", "json", "re", "typing")
RENDERED = """
import sys
before = set(sys.modules)
from tiercel import expressions
variables = {"name": "world", "rows": [{"id": 1}, {"id": 2}]}
text = "{% for row in rows %}{% if row.id > 1 %}{{ name | upper ~ row.id + 1 }}{% endif %}{% endfor %}"
print(expressions.render(text, variables))
print(*sorted(set(sys.modules) - before))
"""


def test_a_plain_template_is_rendered_without_the_dear_modules_of_the_standard_library() -> None:
    child = subprocess.run([sys.executable, "-c", RENDERED], capture_output=True, text=True, check=True)
    rendered, loaded = child.stdout.splitlines()
    assert rendered == "WORLD21"
    assert [name for name in DEAR if name in loaded.split()] == []
    assert "tiercel.expressions.json_writer" not in loaded.split()
