"""What is known of the datasets that a study may name: their files, checksums, mirrors and folders."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

PARTS = ("x_train", "y_train", "x_test", "y_test")
FILE_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


@dataclass(frozen=True)
class Source:
    """A public dataset of four IDX files.

    `sha256` maps each of PARTS to the checksum of its UNPACKED bytes, since mirrors gzip them differently; `mirrors`
    are https addresses that end in a slash; `remedy` tells a user how to get the files by hand; `digits_as_fallback`
    allows the 5,000 digits that come along where all else fails.
    """

    name: str
    sha256: Mapping[str, str]
    mirrors: tuple[str, ...]
    system_folders: tuple[Path, ...] = ()
    remedy: str = ""
    digits_as_fallback: bool = False


SOURCES: Mapping[str, Source] = {
    "mnist": Source(
        name="mnist",
        sha256={
            "x_train": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "y_train": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "x_test": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "y_test": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        remedy="a machine with network gets them from https://storage.googleapis.com/cvdf-datasets/mnist/",
        digits_as_fallback=True,
    ),
    "fashion_mnist": Source(
        name="fashion_mnist",
        sha256={
            "x_train": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "y_train": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "x_test": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "y_test": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
        mirrors=("https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",),
        system_folders=(Path("/usr/share/datasets/fashion-mnist"),),
        remedy="on Debian and Ubuntu `apt install dataset-fashion-mnist` brings them; elsewhere they are at "
        "https://github.com/zalandoresearch/fashion-mnist",
    ),
}


def cache_folder(name: str) -> Path:
    """Return the folder in the user's cache where the downloaded files of dataset `name` live; it may not exist yet."""
    return platformdirs.user_cache_path("hpo-service") / "datasets" / name


def idx_files(folder: Path) -> dict[str, Path]:
    """Return which of PARTS the folder holds under a usual name: plain or .gz, idx3 or idx4, `-` or `.` before idx."""
    found: dict[str, Path] = {}
    for part, name in FILE_NAMES.items():
        names = [name, name.replace("idx3", "idx4")] if "idx3" in name else [name]
        names += [each.replace("-idx", ".idx") for each in names]
        candidates = (folder / f"{each}{ending}" for each in names for ending in ("", ".gz"))
        path = next((each for each in candidates if each.is_file()), None)
        if path is not None:
            found[part] = path
    return found
