"""The pictures: scikit-learn's digits as they are, MNIST's files as others write them, and how clients get theirs."""

import gzip
import struct
from collections import Counter
from itertools import chain

import pytest

from actors import Refused
from oracle.border import structure
from oracle.federated.pictures import FALLBACK, dealt, loaded
from oracle.federated.plan import Configuration


def configuration(**given):
    return structure(Configuration, given)


def idx(*shape, data, magic=None):
    return struct.pack(f">{1 + len(shape)}I", magic or 0x800 + len(shape), *shape) + bytes(data)


@pytest.fixture
def mnist(tmp_path):
    """Four files as MNIST's, two gzipped and two not, of 12 and 2 pictures of 6 x 4 pixels."""
    for part, count in (("train", 12), ("t10k", 2)):
        pixels = idx(count, 6, 4, data=[place % 256 for place in range(count * 24)])
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(pixels))
        (tmp_path / f"{part}-labels.idx1-ubyte").write_bytes(idx(count, data=[place % 10 for place in range(count)]))
    return tmp_path


def test_the_digits_are_those_of_the_package():
    data = loaded(configuration(dataset="digits"), None)
    assert (len(data.training.labels), len(data.held_out.labels), data.notes) == (1437, 360, ())
    both = data.training.pixels + data.held_out.pixels, data.training.labels + data.held_out.labels
    assert (len(both[0]), sum(both[0]), sum(both[1])) == (1797 * 64, 561718, 8070)
    # as load_digits() has them, whose import alone takes longer than all of this
    assert sum(both[1][place // 64] * pixel for place, pixel in enumerate(both[0])) == 2525954
    assert min(Counter(data.held_out.labels).values()) >= 25, "of each digit some are held out"


def test_mnist_without_its_files_is_the_digits_and_says_so():
    data = loaded(configuration(), None)
    assert data.notes == (FALLBACK,) and "mnist_folder" in FALLBACK
    assert data.training == loaded(configuration(dataset="digits"), None).training


def test_mnist_is_read_from_its_files(mnist):
    data = loaded(configuration(), mnist)
    assert data.notes == ()
    assert (data.training.height, data.training.width, data.training.white) == (6, 4, 255)
    assert data.training.labels == bytes([*range(10), 0, 1]) and data.held_out.pixels == bytes(range(48))
    assert loaded(configuration(dataset="digits"), mnist).training.height == 8


@pytest.mark.parametrize(("file", "content", "words"), [
    ("t10k-labels.idx1-ubyte", None, "there is no t10k-labels-idx1-ubyte"),
    ("t10k-labels.idx1-ubyte", b"", "can't be read"),
    ("t10k-labels.idx1-ubyte", idx(2, data=[1]), "no idx file"),
    ("t10k-labels.idx1-ubyte", idx(2, data=[1, 2], magic=0x803), "no idx file"),
    ("t10k-labels.idx1-ubyte", idx(3, data=[1, 2, 3]), "do not fit"),
    ("t10k-labels.idx1-ubyte", idx(2, data=[1, 10]), "do not fit"),
    ("t10k-images-idx3-ubyte.gz", gzip.compress(idx(2, 6, 5, data=range(60)), mtime=0), "not of one size"),
    ("t10k-images-idx3-ubyte.gz", gzip.compress(idx(2, 6, 4, data=range(48)), mtime=0)[:-9], "can't be read"),
    ("t10k-images-idx3-ubyte.gz", gzip.compress(idx(1, 65, 65, data=bytes(4225)), mtime=0), "do not fit"),
])  # fmt: skip
def test_a_file_that_is_missing_or_broken_is_named(mnist, file, content, words):
    if content is None:
        (mnist / file).unlink()
    else:
        (mnist / file).write_bytes(content)
    with pytest.raises(Refused, match=words) as caught:
        loaded(configuration(), mnist)
    assert caught.value.code == "unavailable"


def test_each_picture_is_dealt_to_one_client():
    labels = loaded(configuration(), None).training.labels
    for partition in ("iid", "label_skew"):
        parts = dealt(labels, configuration(clients=7, partition=partition))
        assert sorted(chain.from_iterable(parts)) == list(range(len(labels)))
        assert max(map(len, parts)) - min(map(len, parts)) <= 2
        assert parts != dealt(labels, configuration(clients=7, partition=partition, seed=1))


def test_a_skewed_client_knows_few_digits():
    labels = loaded(configuration(), None).training.labels
    kinds = {partition: [len({labels[place] for place in part}) for part in dealt(labels, configuration(partition=partition))]
             for partition in ("iid", "label_skew")}  # fmt: skip
    assert min(kinds["iid"]) == 10 and max(kinds["label_skew"]) <= 4


def test_too_few_pictures_are_refused():
    with pytest.raises(Refused, match="too few"):
        dealt(bytes(11), configuration(clients=6))
