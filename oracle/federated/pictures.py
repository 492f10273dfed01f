"""The pictures that are learned: scikit-learn's handwritten digits, or MNIST from files that somebody has put there.

The digits' file is read out of the installed package: importing that takes longer than a short experiment.
"""

from __future__ import annotations

import gzip
import importlib.util
import random
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import attrs

from actors import Refused
from oracle.federated.plan import Configuration

__all__ = ["Dataset", "Pictures", "dealt", "loaded", "missing"]

HELD_OUT = 360  # of the digits
DIGITS = Path("datasets", "data", "digits.csv.gz")
MOST_SIDE = 64  # pixels
MOST_BYTES = 256 * 1024 * 1024
FALLBACK = "dataset mnist: its files are not here (experiments.mnist_folder), so this trains on scikit-learn's digits (8 x 8)"
_PACKAGE = "sklearn"


@attrs.frozen
class Pictures:
    """Grey pictures one after the other, a byte a pixel from 0 to `white`, and the digit each shows."""

    height: int
    width: int
    white: int
    pixels: bytes = attrs.field(repr=False)
    labels: bytes = attrs.field(repr=False)


@attrs.frozen
class Dataset:
    """What is trained on, what is held out to judge by, and what a reader has to know of both."""

    training: Pictures
    held_out: Pictures
    notes: tuple[str, ...] = ()


def missing(configuration: Configuration, mnist_folder: Path | None) -> str:
    """Why there is nothing to learn here; empty where there is."""
    mnist = configuration.dataset == "mnist" and mnist_folder is not None
    if mnist or importlib.util.find_spec(_PACKAGE) is not None:
        return ""
    return "scikit-learn is not installed: it comes with the extra `experiments` (pip install 'oracle-runtime[experiments]')"


def loaded(configuration: Configuration, mnist_folder: Path | None) -> Dataset:
    """The data set of an experiment. Raises Refused `unavailable`."""
    if configuration.dataset == "mnist" and mnist_folder is not None:
        training, held_out = (_mnist(mnist_folder, part) for part in ("train", "t10k"))
        if (training.height, training.width) != (held_out.height, held_out.width):
            raise Refused("MNIST's training and test pictures are not of one size", "unavailable")
        return Dataset(training, held_out)
    if why := missing(configuration, mnist_folder):
        raise Refused(why, "unavailable")
    notes = (FALLBACK,) if configuration.dataset == "mnist" else ()
    training, held_out = _digits()
    return Dataset(training, held_out, notes)


def dealt(labels: bytes, configuration: Configuration) -> list[list[int]]:
    """The places of each client's pictures.

    iid: all are shuffled and dealt out. label_skew: sorted by digit, cut into two pieces for each client, and the pieces are
    dealt out, as McMahan et al. (2017) did it. Raises Refused `failed` where there are too few.
    """
    draw, clients = random.Random(f"{configuration.seed} dealt"), configuration.clients
    if len(labels) < 2 * clients:
        raise Refused(f"{len(labels)} pictures are too few for {clients} clients", "failed")
    order = list(range(len(labels)))
    draw.shuffle(order)
    if configuration.partition == "iid":
        return [order[client::clients] for client in range(clients)]
    order.sort(key=labels.__getitem__)
    edges = [len(order) * piece // (2 * clients) for piece in range(2 * clients + 1)]
    pieces = list(range(2 * clients))
    draw.shuffle(pieces)
    return [
        [place for piece in pieces[2 * client : 2 * client + 2] for place in order[edges[piece] : edges[piece + 1]]]
        for client in range(clients)
    ]


def _digits() -> tuple[Pictures, Pictures]:
    (folder,) = importlib.util.find_spec(_PACKAGE).submodule_search_locations  # type: ignore[union-attr, misc]
    try:
        text = gzip.decompress((Path(folder) / DIGITS).read_bytes()).decode()
        rows = [bytes(int(float(number)) for number in line.split(",")) for line in text.splitlines()]
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise Refused(f"scikit-learn's digits can't be read: {error}", "unavailable") from None
    random.Random("held out").shuffle(rows)  # the same ones whatever the seed, so that experiments compare
    return _of_rows(rows[HELD_OUT:]), _of_rows(rows[:HELD_OUT])


def _of_rows(rows: Sequence[bytes]) -> Pictures:
    return Pictures(8, 8, 16, b"".join(row[:-1] for row in rows), bytes(row[-1] for row in rows))


def _mnist(folder: Path, part: str) -> Pictures:
    pixels, (count, height, width) = _idx(folder, f"{part}-images", 3)
    labels, (named,) = _idx(folder, f"{part}-labels", 1)
    if count != named or count == 0 or max(labels) > 9 or not 0 < min(height, width) <= max(height, width) <= MOST_SIDE:
        raise Refused(f"MNIST's {part} files in {folder} do not fit each other", "unavailable")
    return Pictures(height, width, 255, pixels, labels)


def _idx(folder: Path, name: str, dimensions: int) -> tuple[bytes, tuple[int, ...]]:
    """The bytes of an idx file, gzipped or not, and its shape."""
    spellings = [f"{name}{dot}idx{dimensions}-ubyte{end}" for dot in "-." for end in ("", ".gz")]
    found = next((folder / spelling for spelling in spellings if (folder / spelling).is_file()), None)
    if found is None:
        raise Refused(f"there is no {spellings[0]} (or .gz) in {folder}", "unavailable")
    try:
        with (gzip.open(found) if found.suffix == ".gz" else found.open("rb")) as file:
            magic, *shape = struct.unpack(f">{1 + dimensions}I", file.read(4 * (1 + dimensions)))
            data = file.read(MOST_BYTES)
    except (OSError, EOFError, struct.error, zlib.error) as error:
        raise Refused(f"{found} can't be read: {error}", "unavailable") from None
    wanted = 1
    for size in shape:
        wanted *= size
    if magic != 0x800 + dimensions or len(data) != wanted:
        raise Refused(f"{found} is no idx file of {dimensions} dimensions", "unavailable")
    return data, tuple(shape)
