"""What a training function makes use of, read off its source: it says so itself, and need not declare it.

A study that trains with a function that never looks at `run.samples` cannot claim that its subset ranks like more data.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SAMPLES, _TEST = {"train", "samples", "split"}, {"test", "test_allowed"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Uses:
    """rungs: it yields, so it can be left alone. samples: it asks which examples train. test: it opens the test set."""

    rungs: bool
    samples: bool
    test: bool


def uses(source: bytes | str, name: str) -> Uses | None:
    """Return what the function `name` in `source` makes use of; None where no `def` there says it.

    A function that hands its `run` on to another one may use all of it.
    """
    function = _definition(source, name)
    if function is None:
        return None
    rungs = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own_nodes(function))
    positional = [*function.args.posonlyargs, *function.args.args]
    if function.args.vararg is not None:
        return Uses(rungs, samples=True, test=True)
    if len(positional) < 2:
        return Uses(rungs, samples=False, test=False)
    run = positional[1].arg
    asked: set[str] = set()
    attributes = [node for node in ast.walk(function) if isinstance(node, ast.Attribute)]
    of_run = {id(node.value): node.attr for node in attributes if isinstance(node.value, ast.Name)}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == run:
            if id(node) not in of_run:
                return Uses(rungs, samples=True, test=True)
            asked.add(of_run[id(node)])
    return Uses(rungs, samples=bool(asked & _SAMPLES), test=bool(asked & _TEST))


def bound_names(source: bytes) -> list[str] | None:
    """Return the names that the functions and values of a file have; None where that is not sure."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    names = [*_bound(tree.body)]
    return None if "*" in names else names


def _definition(source: bytes | str, name: str) -> Function | None:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    found = [node for node in tree.body if isinstance(node, Function) and node.name == name]
    return found[-1] if found else None


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    """Yield the nodes of a function without those of functions in it."""
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def _bound(body: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, Function | ast.ClassDef):
            yield statement.name
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.split(".")[0] for alias in statement.names)
        else:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id
                elif isinstance(node, Function | ast.ClassDef):
                    yield node.name
                elif isinstance(node, ast.Import | ast.ImportFrom):
                    yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
