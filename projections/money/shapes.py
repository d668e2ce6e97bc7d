"""The shapes of Stripe's objects that the money tables' paths describe, compiled to structs.

So an event is read in one pass, in C: fields that no column reads are passed over, and a value of the wrong
type or out of its column's range is an error with its path. A node may be an object, a list, or an id.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, Union

from msgspec import Meta, Struct, defstruct

from projections.money.declaration import Children, MoneyTable, ObjectSource
from projections.money.values import CUSTOMER, REFERENCE, SECONDS, ValueKind

Steps = tuple[str, ...]
PARENT = "^"
EACH = "*"
TAG = "object"
ID = Annotated[str, Meta(min_length=1)]


@dataclass
class _Node:
    """What is read at one place of an object: values of some types, the fields below, a list's elements."""

    types: set[Any] = field(default_factory=set)  # Any: types
    fields: dict[str, "_Node"] = field(default_factory=dict)
    elements: "_Node | None" = None

    def at(self, path: Iterable[str]) -> "_Node":
        node = self
        for step in path:
            if step == EACH or step.isdigit():
                node.elements = node.elements or _Node()
                node = node.elements
            else:
                node = node.fields.setdefault(step, _Node())
        return node


def shape_of(table: MoneyTable, source: ObjectSource) -> type[Struct]:
    """The struct of one kind of object, tagged with Stripe's word for it."""
    root = _Node()
    for column in table.columns:
        for path in split(column.paths_in(source.object)):
            _leaf(root, path, column.kind)
    for path in split((*source.row, *source.payments.values())):
        _leaf(root, path, REFERENCE)
    for path in split(table.created):
        root.at(path).types.add(SECONDS)
    root.at((source.status,)).types.add(str)
    root.at(("deleted",)).types.add(bool)
    for children in table.children:
        _add_children(root, children)
    root.fields.pop("id", None)
    fields: list[Any] = [("id", ID), *_fields(root, source.object)]  # Any: as defstruct takes them
    return defstruct(_name(source.object), fields, tag_field=TAG, tag=source.object, frozen=True)


def _add_children(root: _Node, children: Children) -> None:
    """An element may be an id; a list may be a list object, and a single element."""
    element = _Node(types={str})
    for path in split(children.key):
        _leaf(element, path, REFERENCE)
    for path in split(children.created):
        element.at(path).types.add(SECONDS)
    element.at(("deleted",)).types.add(bool)
    for column in children.columns:
        for path in split(column.paths):
            if path[0] == PARENT:
                _leaf(root, path[1:], column.kind)
            else:
                _leaf(element, path, column.kind)
    for path in split(children.lists):
        node = root.at(path)
        _merge(node, element)
        _merge(node.at(("data", EACH)), element)
        _merge(node.at((EACH,)), element)


def _merge(node: _Node, other: _Node) -> None:
    node.types |= other.types
    for name, below in other.fields.items():
        _merge(node.at((name,)), below)
    if other.elements is not None:
        _merge(node.at((EACH,)), other.elements)


def _leaf(root: _Node, path: Steps, kind: ValueKind) -> None:
    node = root.at(path)
    if kind in (REFERENCE, CUSTOMER):
        node.types.add(str)
        node.at(("id",)).types.add(str)
    else:
        node.types.add(kind.shape)


def _type(node: _Node, name: str) -> Any:  # Any: a type
    types = set(node.types)
    if Any in types:
        return Any
    if node.fields:
        types |= {defstruct(name, _fields(node, name), frozen=True), str}
    if node.elements is not None:
        types.add(list[_type(node.elements, name + "_element")])  # type: ignore[misc]
    return Union[(*sorted(types, key=repr), None)]


def _fields(node: _Node, name: str) -> list[tuple[str, Any, None]]:  # Any: types
    return [(step, _type(below, f"{name}_{step}"), None) for step, below in sorted(node.fields.items())]


def _name(kind: str) -> str:
    return kind.title().replace("_", "") + "Shape"


def split(paths: Iterable[str]) -> tuple[Steps, ...]:
    """Each path as its steps."""
    parts = (path.replace(PARENT, f"{PARENT}.").split(".") for path in paths)
    return tuple(tuple(part) for part in parts)
