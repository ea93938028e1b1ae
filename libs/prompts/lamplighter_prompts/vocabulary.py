"""The names, filters and tests that a prompt may use, and its limits."""

MOMENTS = frozenset({"scheduled_at", "fired_at"})
NAMES = MOMENTS | {"job", "previous", "payload"}

FIELDS = {
    "job": frozenset({"id", "name", "description", "timezone", "environment", "variables"}),
    "previous": frozenset({"exists", "execution_id", "finished_at", "result"}),
    "loop": frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"}),
}
"""The fields of the names whose fields are known. Those of a payload are its sender's."""

OUTSIDE = frozenset({"payload", "previous.result"})
"""Where data comes from that the prompt's author did not write."""

KEYWORDS = frozenset(
    {"and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False", "None"}
)
CONSTANTS = frozenset({"true", "false", "none", "True", "False", "None"})

FILTERS = {
    "ago": range(1),
    "capitalize": range(1),
    "count": range(1),
    "d": range(3),
    "date": range(3),
    "default": range(3),
    "first": range(1),
    "items": range(1),
    "join": range(2),
    "json": range(1),
    "last": range(1),
    "length": range(1),
    "lower": range(1),
    "replace": range(2, 3),
    "title": range(1),
    "tojson": range(1),
    "trim": range(1),
    "truncate": range(3),
    "upper": range(1),
}
"""How many arguments each filter takes."""

TESTS = {
    "boolean": range(1),
    "defined": range(1),
    "endingwith": range(1, 2),
    "mapping": range(1),
    "none": range(1),
    "number": range(1),
    "sequence": range(1),
    "startingwith": range(1, 2),
    "string": range(1),
    "undefined": range(1),
}

LONGEST_SOURCE = 65_536
MOST_TAGS = 1_000
MOST_TOKENS = 200
"""In one tag. The engine overflows its stack on an expression of 20,000."""
MOST_JOINS = 8
"""`~` in one tag."""

LARGEST_RESULT = 128 * 1024
LARGEST_DATA = 16 * 1024
"""Bytes that are shown of one value from outside."""
DEEPEST_DATA = 64
"""Levels of objects and lists that are shown of it."""
FUEL = 50_000
"""Instructions of the engine for one rendering."""
MOST_STEPS = 20_000
"""What one rendering may look at: one instruction may look at many fields and elements, or at a long text."""
