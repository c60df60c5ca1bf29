"""Which array of an `.npz` file is what: x_train and y_train, and the names that other tools give them.

Keras saves x_train, y_train, x_test, y_test; MedMNIST train_images, train_labels, val_images, ...; scikit-learn has
data or images, and target. A name is taken apart into a word for the content and one for the split, in either order.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hpo.storage.errors import UserError

KEYS = ("x_train", "y_train", "x_test", "y_test")

_CONTENTS = {
    "x": ("x", "images", "image", "imgs", "img", "pixels", "data", "features", "inputs", "input"),
    "y": ("y", "labels", "label", "targets", "target", "classes", "class"),
}
_SPLITS = {
    "train": ("train", "training", "tr"),
    "test": ("test", "testing", "te"),
    "val": ("val", "valid", "validation", "dev"),
}
_WORDS = {word: content for content, words in _CONTENTS.items() for word in words}
_SPLIT_WORDS = {word: split for split, words in _SPLITS.items() for word in words}
_FUSED = re.compile(r"^(x|y)(train|test|valid|val|tr|te)$|^(train|test|valid|val)(x|y)$")


@dataclass(frozen=True)
class Roles:
    """The arrays of each part, in the order in which they are joined; `all_in_one` if no test images are set apart."""

    members: dict[str, tuple[str, ...]]
    all_in_one: bool


def roles(names: Iterable[str], path: Path) -> Roles:
    """Return what the arrays `names` of the file `path` are.

    Images for validation join those to train on, as a study draws its own. Where no test images are named, all parts
    are the same arrays. Raises UserError naming what is missing.
    """
    names = sorted(names)
    found: dict[tuple[str, str], str] = {}
    for name in sorted(names, key=_rank):
        if (role := _role(name)) is not None:
            found.setdefault(role, name)
    splits = [split for split in ("train", "val") if ("x", split) in found or ("y", split) in found]
    if "train" not in splits and (("x", "") in found or ("y", "") in found):
        splits = ["", *splits]
    tested = ("x", "test") in found or ("y", "test") in found
    wanted = {part: [(part[0], "test")] for part in ("x_test", "y_test")} if tested else {}
    wanted |= {f"{content}_train": [(content, split) for split in splits or ["train"]] for content in "xy"}
    missing = [
        f"{content}_{split}" if split else {"x": "images", "y": "labels"}[content]
        for part in KEYS
        for content, split in wanted.get(part, [])
        if (content, split) not in found
    ]
    if missing:
        raise UserError(
            f"{path}: lacks {', '.join(missing)}; expected the arrays {', '.join(KEYS)} (or as Keras, MedMNIST and "
            f"scikit-learn call them), found {', '.join(names) or 'none'}; save them with np.savez(path, x_train=..., "
            "...)"
        )
    members = {part: tuple(found[role] for role in each) for part, each in wanted.items()}
    if not tested:
        members |= {"x_test": members["x_train"], "y_test": members["y_train"]}
    return Roles(members, all_in_one=not tested)


def _role(name: str) -> tuple[str, str] | None:
    """Return the content and the split that `name` says, such as ("x", "train"); None if it says no content."""
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word not in ("", "set")]
    if len(words) == 1 and (fused := _FUSED.match(words[0])):
        words = [word for word in fused.groups() if word]
    contents = [_WORDS[word] for word in words if word in _WORDS]
    splits = [_SPLIT_WORDS[word] for word in words if word in _SPLIT_WORDS]
    if len(contents) != 1 or len(splits) > 1 or len(contents) + len(splits) != len(words):
        return None
    return contents[0], splits[0] if splits else ""


def _rank(name: str) -> int:
    """Return how soon `name` is taken where two names say the same: `images` before `data`."""
    order = [word for words in _CONTENTS.values() for word in words]
    found = [order.index(word) for word in re.split(r"[^a-z0-9]+", name.lower()) if word in order]
    return min(found, default=0)
