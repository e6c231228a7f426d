"""How tightly each operator of Pebble and Kestra binds, and the words that are values."""

LOWEST = 0
NOT, SIGN, PIPE, IS = 5, 500, 100, 20
BINARY = {
    "or": 10,
    "and": 15,
    "contains": 20,
    "==": 30,
    "equals": 30,
    "!=": 30,
    ">": 30,
    "<": 30,
    ">=": 30,
    "<=": 30,
    "matches": 30,
    "starts with": 30,
    "ends with": 30,
    "+": 40,
    "-": 40,
    "*": 60,
    "/": 60,
    "%": 60,
    "~": 110,
    "..": 120,
    "??": 120,
    "???": 120,
    "isIn": 120,
}
CONSTANTS = {
    "true": True,
    "TRUE": True,
    "false": False,
    "FALSE": False,
    "null": None,
    "NULL": None,
    "none": None,
    "NONE": None,
}
# what other languages write instead
OTHER_WORDS = {
    "in": "; write `isIn`",
    "if": "; write `condition ? yes : no`",
    "eq": "; write `==`",
    "div": "; write `/`",
    "mod": "; write `%`",
    "=": "; write `==` to compare",
}
MOST_DIGITS = 1000
