"""jq programs by the `jq` package; those that may run away are run in a child process with a deadline.

A program sees its input and nothing else: `env`, `$ENV`, modules and the other doors of jq are shut.
"""

import json
import math
import re
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.budget import Budget
from tiercel.expressions.jq_work import perform

LONGEST_PROGRAM = 16_000
MOST_WORK_HERE = 2_000_000
# words whose work is bounded by the size of their input
_BOUNDED = frozenset(
    """abs add all and any arrays as ascii_downcase ascii_upcase booleans by capture ceil contains del elif
    else empty end endswith error explode false fdiv first flatten floor from_entries fromdate
    fromdateiso8601 fromjson group_by has if implode in index indices inside iterables join keys
    keys_unsorted last length log ltrimstr map map_values max max_by min min_by mktime not null
    nulls numbers objects or path pick pow reduce reverse rindex round rtrimstr scalars select sort
    sort_by split sqrt startswith strings tag then to_entries toarray todate tojson tonumber
    tostring transpose trim true try catch tostream type unique unique_by utf8bytelength values
    with_entries base64 base64d csv html json sh text tsv uri""".split()
)
_PLAIN_STRING = re.compile(r'"[^"\\]*"')
_WORD = re.compile(r"(?<![.\w$])[A-Za-z_]\w*+(?!\s*:)")
_TIMES = re.compile(r"(\d+)?\s*\*\s*(\d+)?")


def run_program(program: str, text: str, budget: Budget) -> list[Any]:
    """Give the results of a program for a JSON text."""
    if len(program) > LONGEST_PROGRAM:
        raise ExpressionError(f"The jq program is longer than {LONGEST_PROGRAM} characters")
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExpressionError("`jq` works on JSON, and this text is none") from error
    budget.spend(1 + (len(text) >> 5))
    if _work(program, text) > MOST_WORK_HERE:
        from tiercel.expressions.isolation import isolated

        request = {"program": program, "text": text, "largest": budget.largest}
        return list(isolated("jq_work.py", request, budget, "This jq program"))
    try:
        return perform(program, text, budget.largest)
    except ValueError as error:
        raise ExpressionError(str(error)) from error


def _work(program: str, text: str) -> float:
    """Estimate how much a program may do: infinite for words that loop by themselves."""
    program = _PLAIN_STRING.sub('""', program)
    if not _BOUNDED.issuperset(_WORD.findall(program)):
        return math.inf
    repeats = 1
    for left, right in _TIMES.findall(program):
        known = [int(number[:9]) for number in (left, right) if number]
        if not known:
            return math.inf
        repeats *= max(1, *known)
    items = text.count(",") + text.count("{") + text.count("[") + 1
    walks = program.count("[]") + program.count("..") + program.count("map") + program.count("with_entries")
    if walks > 8 or program.count(",") > 40:
        return math.inf
    copies: int = 2 ** min(20, program.count(",") - program.count(":"))
    return float(repeats) * max(1, copies) * float(max(2, items)) ** min(walks, 8) + len(text)
