"""What a template may cost: it is a file that others write, and the daemon must outlive it.

Jinja's sandbox keeps a template away from Python. This adds that its work is
bounded: loops, calls and includes are counted, sizes are checked before they
are made, and what could make much out of little is left out.
"""

from collections.abc import Callable, Iterable
from datetime import date, time
from functools import wraps
from itertools import islice
from typing import Any

from jinja2 import Template, nodes, pass_eval_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS as DEFAULT_FILTERS
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, Undefined, markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

MOST_STEPS = 200_000
MOST_CHARACTERS = 1_000_000
LONGEST_RANGE = 1_000
LARGEST_NUMBER_BITS = 256
TOO_LONG = f"it makes a text of more than {MOST_CHARACTERS:,} characters"

# Filters over one text. They must not see a list: printing one that holds
# itself many times over takes for ever.
# fmt: off
_TEXT_FILTERS = (
    "capitalize", "e", "escape", "forceescape", "lower", "striptags", "title", "trim", "truncate",
    "upper", "urlencode", "wordcount", "wordwrap",
)
_OTHER_FILTERS = (
    "abs", "attr", "count", "d", "default", "dictsort", "first", "float", "groupby", "int",
    "items", "last", "length", "list", "map", "max", "min", "reject", "rejectattr", "reverse",
    "round", "safe", "select", "selectattr", "sort", "unique",
)

# Methods of a text that can make a large one out of a small one.
_AMPLIFYING = frozenset((
    "center", "encode", "expandtabs", "format", "format_map", "join", "ljust", "maketrans",
    "replace", "rjust", "translate", "zfill",
))
# fmt: on


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """An environment whose templates stop. Every render gets one of its own (`overlay`)."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, **options: Any) -> None:
        super().__init__(finalize=printable, **options)
        self.steps_left = MOST_STEPS
        self.globals.pop("lipsum")
        self.globals["range"] = bounded_range
        self.filters = {
            **{name: DEFAULT_FILTERS[name] for name in _OTHER_FILTERS},
            **{name: _on_text(DEFAULT_FILTERS[name]) for name in _TEXT_FILTERS},
            "join": join,
        }

    def spend(self, steps: int) -> None:
        self.steps_left -= steps
        if self.steps_left < 0:
            raise SecurityError(f"it takes more than {MOST_STEPS:,} steps")

    def counted(self, iterable: Iterable[object]) -> list[object]:
        """Return what a loop runs over, paid for."""
        items = list(islice(iterable, MOST_STEPS + 1))
        self.spend(1 + len(items))
        return items

    @pass_eval_context
    def joined(self, eval_context: EvalContext, *parts: object) -> str:
        """Return what `a ~ b` means."""
        plain = [printable(part) for part in parts]
        self.spend(1 + _measure(plain) // 100)
        return markup_join(plain) if eval_context.autoescape else str_join(plain)

    def concat(self, parts: Iterable[str]) -> str:
        """Put together the output of a template, a macro or a block."""
        kept, length = [], 0
        for part in parts:
            kept.append(part)
            length += len(part)
            if length > MOST_CHARACTERS:
                raise SecurityError(TOO_LONG)
        self.spend(length // 100)
        return "".join(kept)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        __self.spend(1)
        return super().call(__context, __obj, *args, **kwargs)

    def get_template(self, *args: Any, **kwargs: Any) -> Template:
        self.spend(10)
        return super().get_template(*args, **kwargs)

    def select_template(self, *args: Any, **kwargs: Any) -> Template:
        self.spend(10)
        return super().select_template(*args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        self.spend(1)
        if operator == "+":
            if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
                self.spend(1 + _measure((left, right)) // 100)
        elif isinstance(left, str | list | tuple) or isinstance(right, str | list | tuple):
            raise SecurityError(f"'{operator}' works on numbers only")
        elif operator in ("*", "**"):
            _check_number(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr in _AMPLIFYING:
            return False
        if isinstance(obj, int | float | bytes):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        return None  # is_safe_attribute refuses it

    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,
    ) -> str:
        return super()._generate(_Counting().visit(source), name, filename, defer_init)


class _Counting(NodeTransformer):
    """Lead every loop and every `~` through the environment, which counts them."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.iter = _through("counted", [node.iter], node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _through("joined", list(node.nodes), node.lineno)


def _through(method: str, arguments: list[Any], line: int) -> nodes.Call:
    target = nodes.EnvironmentAttribute(method, lineno=line)
    return nodes.Call(target, arguments, [], None, None, lineno=line)


def printable(value: Any) -> Any:
    """Return `value` if it is one thing that people can read; a list or a mapping is a mistake."""
    if isinstance(value, str | int | float | date | time | Undefined):
        return value
    if value is None:
        raise TypeError("a value that is not set (none) would be printed")
    raise TypeError(f"a {type(value).__name__} would be printed. Print its parts, or use join")


@pass_eval_context
def join(eval_context: EvalContext, value: Iterable[object], separator: str = "") -> str:
    """Return the parts as one text."""
    parts = [printable(part) for part in islice(value, MOST_STEPS)]
    if _measure(parts) + len(separator) * len(parts) > MOST_CHARACTERS:
        raise SecurityError(TOO_LONG)
    whole: str = DEFAULT_FILTERS["join"](eval_context, parts, separator)
    return whole


def bounded_range(*arguments: int) -> range:
    numbers = range(*arguments)
    if len(numbers) > LONGEST_RANGE:
        raise SecurityError(f"a range holds more than {LONGEST_RANGE:,} numbers")
    return numbers


def _on_text(original: Callable[..., Any]) -> Callable[..., Any]:
    place = 1 if hasattr(original, "jinja_pass_arg") else 0

    @wraps(original)  # keeps the mark by which Jinja passes its environment along
    def on_text(*args: Any, **kwargs: Any) -> Any:
        printable(args[place])
        return original(*args, **kwargs)

    return on_text


def _measure(parts: Iterable[object]) -> int:
    length = sum(len(part) if isinstance(part, str | list | tuple) else 1 for part in parts)
    if length > MOST_CHARACTERS:
        raise SecurityError(TOO_LONG)
    return length


def _check_number(operator: str, left: Any, right: Any) -> None:
    if not (isinstance(left, int) and isinstance(right, int)):
        return
    longer = left.bit_length() * max(right, 1) if operator == "**" else right.bit_length()
    if left.bit_length() + longer > LARGEST_NUMBER_BITS:
        raise SecurityError("it makes a number with too many digits")
