"""Relations between hyperparameters, such as "hidden_2 <= hidden_1": read once, and never run as Python.

The text is parsed by `ast`, and what is neither a comparison, arithmetic, a name nor a number is refused. So a study
file, or a database, can say what must hold, and can make nothing happen.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from hpo.storage.errors import UserError

LONGEST, DEEPEST = 500, 50
EXAMPLE = 'write a comparison of hyperparameters, such as "hidden_2 <= hidden_1"'
CONSTANTS: Mapping[str, Any] = {"true": True, "false": False, "none": None}
"""What a study file calls them; Python's own names for them are understood as well."""


def _power(base: float, exponent: float) -> float:
    """Return a power as a float: one of whole numbers could fill the memory."""
    return math.pow(base, exponent)


_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda one, many: one in many,
    ast.NotIn: lambda one, many: one not in many,
}
_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


@dataclass(frozen=True, slots=True)
class Relation:
    """Something that must hold of every config. Two are equal if they say the same in the same words."""

    text: str
    names: tuple[str, ...]
    _tree: ast.expr = field(compare=False, repr=False)

    def __reduce__(self) -> tuple[Callable[[str], Relation], tuple[str]]:
        return read_relation, (self.text,)

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Say whether it holds of a config and what is fixed beside it; it does where a name in it is inactive.

        What cannot be computed (a division by zero) does not hold.
        """
        if any(name not in values for name in self.names):
            return True
        try:
            return bool(_value(self._tree, values))
        except (ArithmeticError, TypeError, ValueError):
            return False

    def check_kinds(self, values: Mapping[str, Any]) -> None:
        """Raise UserError where it orders, or calculates with, what is no number."""
        if any(name not in values for name in self.names):
            return
        try:
            _value(self._tree, values)
        except (ArithmeticError, ValueError):
            return
        except TypeError as error:
            kinds = ", ".join(f"{name} = {values[name]!r}" for name in self.names)
            raise UserError(f'require "{self.text}": {error} (where {kinds}); only numbers can be ordered') from error


def read_relation(text: object, known: Collection[str] | None = None) -> Relation:
    """Return the relation that `text` says; `known` are the names that there are.

    Raises UserError for what is no comparison, for anything beside comparisons and arithmetic, and for unknown names.
    """
    if not isinstance(text, str) or not text.strip():
        raise UserError(f"require: {text!r} is not a relation; {EXAMPLE}")
    text = text.strip()
    if len(text) > LONGEST:
        raise UserError(f"require: a relation has at most {LONGEST} letters, and this one has {len(text)}; split it")
    try:
        tree = ast.parse(text, mode="eval").body
        names = tuple(dict.fromkeys(_names(tree, text)))
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        said = "one = sets a value, == compares; " if "==" not in text and "=" in text.replace("<=", "") else ""
        raise UserError(f'require "{text}" cannot be read; {said}{EXAMPLE}') from error
    if not isinstance(tree, ast.Compare | ast.BoolOp) and not (
        isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not)
    ):
        raise UserError(f'require "{text}" is neither true nor false; {EXAMPLE}')
    if not names:
        raise UserError(f'require "{text}" names no hyperparameter; {EXAMPLE}')
    for name in names:
        if known is not None and name not in known:
            raise UserError(f'require "{text}": there is no hyperparameter {name}; there are {", ".join(known)}')
    return Relation(text, names, tree)


def _names(tree: ast.AST, text: str, depth: int = 0) -> list[str]:
    """Return the names in `tree`, in their order. Raises UserError for whatever a relation may not hold."""
    if depth > DEEPEST:
        raise UserError(f'require "{text}" is nested too deeply; split it into several relations')
    if isinstance(tree, ast.Name):
        return [] if tree.id in CONSTANTS else [tree.id]
    if isinstance(tree, ast.Constant) and (tree.value is None or isinstance(tree.value, int | float | str)):
        return []
    parts: list[ast.expr]
    if isinstance(tree, ast.Compare) and all(type(each) in _COMPARISONS for each in tree.ops):
        parts = [tree.left, *tree.comparators]
        inside = zip(tree.ops, tree.comparators, strict=True)
        if any(
            isinstance(op, ast.In | ast.NotIn) and not isinstance(each, ast.List | ast.Tuple) for op, each in inside
        ):
            raise UserError(f'require "{text}": after "in" stands a list, such as optimizer in ["sgd", "adam"]')
    elif isinstance(tree, ast.BoolOp):
        parts = tree.values
    elif isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not | ast.USub | ast.UAdd):
        parts = [tree.operand]
    elif isinstance(tree, ast.BinOp) and type(tree.op) in _ARITHMETIC:
        parts = [tree.left, tree.right]
    elif isinstance(tree, ast.List | ast.Tuple):
        parts = tree.elts
    else:
        what = ast.get_source_segment(text, tree) if isinstance(tree, ast.expr) else None
        raise UserError(
            f'require "{text}": {what or text} is none of comparisons (< <= > >= == != in), and, or, not, '
            "arithmetic (+ - * / // % **), names and values, which are all that a relation may hold"
        )
    return [name for part in parts for name in _names(part, text, depth + 1)]


def _value(tree: ast.expr, values: Mapping[str, Any]) -> Any:
    return _KINDS[type(tree)](tree, values)


def _name(tree: ast.Name, values: Mapping[str, Any]) -> Any:
    return CONSTANTS[tree.id] if tree.id in CONSTANTS else values[tree.id]


def _constant(tree: ast.Constant, values: Mapping[str, Any]) -> Any:
    del values
    return tree.value


def _compared(tree: ast.Compare, values: Mapping[str, Any]) -> bool:
    left = _value(tree.left, values)
    for op, part in zip(tree.ops, tree.comparators, strict=True):
        right = _value(part, values)
        if isinstance(op, _ORDERS):
            _check_numbers(left, right)
        if not _COMPARISONS[type(op)](left, right):
            return False
        left = right
    return True


def _any_or_all(tree: ast.BoolOp, values: Mapping[str, Any]) -> bool:
    if isinstance(tree.op, ast.Or):
        return any(bool(_value(part, values)) for part in tree.values)
    return all(bool(_value(part, values)) for part in tree.values)


def _unary(tree: ast.UnaryOp, values: Mapping[str, Any]) -> Any:
    value = _value(tree.operand, values)
    if isinstance(tree.op, ast.Not):
        return not value
    _check_numbers(value)
    return -value if isinstance(tree.op, ast.USub) else value


def _calculated(tree: ast.BinOp, values: Mapping[str, Any]) -> Any:
    left, right = _value(tree.left, values), _value(tree.right, values)
    _check_numbers(left, right)
    return _ARITHMETIC[type(tree.op)](left, right)


def _listed(tree: ast.List | ast.Tuple, values: Mapping[str, Any]) -> list[Any]:
    return [_value(each, values) for each in tree.elts]


_KINDS: Mapping[type[ast.expr], Callable[..., Any]] = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.Compare: _compared,
    ast.BoolOp: _any_or_all,
    ast.UnaryOp: _unary,
    ast.BinOp: _calculated,
    ast.List: _listed,
    ast.Tuple: _listed,
}


def _check_numbers(*values: object) -> None:
    for value in values:
        if not isinstance(value, int | float):
            raise TypeError(f"{value!r} is no number")
