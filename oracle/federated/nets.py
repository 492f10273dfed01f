"""The nets that clients train, written out in numpy: what each layer computes, and the slope of the loss to it.

A net's weights are one vector of numbers, of which each layer has its stretch; so they travel, are averaged and stored as they
are. Training is plain gradient descent. The same weights, pictures and key give the same bits on the same machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from math import prod
from typing import Any

import attrs
import numpy as np

from oracle.federated.pictures import Pictures

__all__ = ["Array", "Examples", "Net", "mean_of", "median_of", "net_of", "packed", "unpacked"]

Array = Any  # numpy.ndarray
CHUNK = 512  # pictures judged at once
PIECE = 2048  # pictures trained on before somebody may have it halt
FILTERS = (8, 16)
HIDDEN = 32
SMALLEST = 4  # a side that is not halved any more


class Conv:
    """Filters of 3 x 3 pixels over a picture with an edge of zeros around, then what is below zero is cut off."""

    def __init__(self, inputs: int, filters: int, first: bool) -> None:
        self.sizes = ((9 * inputs, filters), (filters,))
        self._first = first  # nobody asks for the slope to the pictures themselves

    def forward(self, x: Array, weights: list[Array]) -> tuple[Array, Any]:
        """What comes out, and what `backward` has to know."""
        n, height, width, inputs = x.shape
        edged = np.zeros((n, height + 2, width + 2, inputs), x.dtype)
        edged[:, 1:-1, 1:-1] = x
        windows = np.lib.stride_tricks.sliding_window_view(edged, (3, 3), axis=(1, 2))
        columns = windows.reshape(n * height * width, 9 * inputs)
        y = columns @ weights[0]
        y += weights[1]
        np.maximum(y, 0, out=y)
        return y.reshape(n, height, width, -1), (columns, y, x.shape)

    def backward(self, slope: Array, weights: list[Array], known: Any, into: list[Array]) -> Array:
        """The slope of the loss to what came in; that to the weights is written `into`."""
        columns, y, (n, height, width, inputs) = known
        slope = slope.reshape(y.shape) * (y > 0)
        np.matmul(columns.T, slope, out=into[0])
        np.matmul(np.ones(len(slope), slope.dtype), slope, out=into[1])  # their sum, faster
        if self._first:
            return None
        parts = (slope @ weights[0].T).reshape(n, height, width, inputs, 3, 3)
        edged = np.zeros((n, height + 2, width + 2, inputs), slope.dtype)
        for row in range(3):
            for column in range(3):
                edged[:, row : row + height, column : column + width] += parts[..., row, column]
        return edged[:, 1:-1, 1:-1]


class Halve:
    """The largest of each 2 x 2 pixels."""

    sizes = ()

    def forward(self, x: Array, _: list[Array]) -> tuple[Array, Any]:
        """What comes out, and what `backward` has to know."""
        n, height, width, channels = x.shape
        blocks = x.reshape(n, height // 2, 2, width // 2, 2, channels)
        rows = np.maximum(blocks[:, :, 0], blocks[:, :, 1])
        y = np.maximum(rows[..., 0, :], rows[..., 1, :])  # over axes of two, thrice as fast as numpy's max
        return y, (blocks == y[:, :, None, :, None], x.shape)

    def backward(self, slope: Array, _: list[Array], known: Any, __: list[Array]) -> Array:
        """The slope of the loss to what came in: the largest has it all, and several that are equal share it."""
        largest, shape = known
        rows = largest[:, :, 0].astype(np.uint8) + largest[:, :, 1]
        slope = slope / (rows[..., 0, :] + rows[..., 1, :])
        return (largest * slope[:, :, None, :, None]).reshape(shape)


class Dense:
    """All inputs to all outputs; `cut`: what is below zero is cut off."""

    def __init__(self, inputs: int, outputs: int, cut: bool) -> None:
        self.sizes = ((inputs, outputs), (outputs,))
        self._cut = cut

    def forward(self, x: Array, weights: list[Array]) -> tuple[Array, Any]:
        """What comes out, and what `backward` has to know."""
        flat = x.reshape(len(x), -1)
        y = flat @ weights[0]
        y += weights[1]
        if self._cut:
            np.maximum(y, 0, out=y)
        return y, (flat, y, x.shape)

    def backward(self, slope: Array, weights: list[Array], known: Any, into: list[Array]) -> Array:
        """The slope of the loss to what came in; that to the weights is written `into`."""
        flat, y, shape = known
        if self._cut:
            slope = slope * (y > 0)
        np.matmul(flat.T, slope, out=into[0])
        slope.sum(0, out=into[1])
        return (slope @ weights[0].T).reshape(shape)


@attrs.frozen(eq=False)
class Examples:
    """Pictures and labels as arrays. A picture's pixels become numbers around zero when it is used: a byte each is all they take
    until then."""

    pixels: Array
    labels: Array
    white: int

    @classmethod
    def of(cls, pictures: Pictures) -> Examples:
        """The same pictures."""
        pixels = np.frombuffer(pictures.pixels, np.uint8).reshape(-1, pictures.height, pictures.width, 1)
        return cls(pixels, np.frombuffer(pictures.labels, np.uint8).astype(np.intp), pictures.white)

    def shuffled(self, key: Sequence[int]) -> Examples:
        """The same pictures, with each other's labels."""
        return attrs.evolve(self, labels=np.random.default_rng(key).permutation(self.labels))

    def some(self, places: Any, dtype: Any) -> tuple[Array, Array]:
        """Those at `places`, and their labels."""
        x = self.pixels[places].astype(dtype)
        x *= 3.0 / self.white
        x -= 1.0
        return x, self.labels[places]


class Net:
    """Layers, and the stretch of the weights that each has."""

    def __init__(self, layers: Sequence[Any]) -> None:
        self._layers = layers
        self._stretches: list[list[tuple[int, int, tuple[int, ...]]]] = []
        self.size = 0
        for layer in layers:
            ends = list(accumulate(map(prod, layer.sizes), initial=self.size))
            self.size = ends[-1]
            spans = zip(pairwise(ends), layer.sizes, strict=True)
            self._stretches.append([(start, end, shape) for (start, end), shape in spans])

    def fresh(self, key: Sequence[int]) -> Array:
        """Weights to begin with (He et al. 2015): by their number of inputs."""
        rng = np.random.default_rng(key)
        weights = np.zeros(self.size, np.float32)
        for layer in self._views(weights):
            if layer:
                layer[0][:] = rng.standard_normal(layer[0].shape) * np.sqrt(2 / len(layer[0]))
        return weights

    def training(self, weights: Array, examples: Examples, places: Sequence[int], epochs: int, rate: float, batch: int,
                 key: Sequence[int]) -> Iterator[tuple[float, Array]]:  # fmt: skip
        """Go through the pictures at `places` so often, in another order each time; says after each PIECE of them or so which
        share is done and what has become of the weights. Those of share 1 are the last."""
        rng, mine, order = np.random.default_rng(key), weights.copy(), np.array(places)
        seen, told, whole = 0, 0, epochs * len(order)
        for _ in range(epochs):
            rng.shuffle(order)
            for start in range(0, len(order), batch):
                some = order[start : start + batch]
                with np.errstate(over="ignore", invalid="ignore"):  # too large a step ends in numbers that are none: that is seen
                    _, slope = self.slope(mine, *examples.some(some, mine.dtype))
                    slope *= rate
                    mine -= slope
                seen += len(some)
                if seen - told >= PIECE or seen == whole:
                    told = seen
                    yield seen / whole, mine

    def slope(self, weights: Array, x: Array, labels: Array) -> tuple[float, Array]:
        """The loss (mean cross entropy), and its slope to each weight."""
        views, known = self._views(weights), []
        for layer, mine in zip(self._layers, views, strict=True):
            x, one = layer.forward(x, mine)
            known.append(one)
        chances, losses = _judged(x, labels)
        chances[np.arange(len(labels)), labels] -= 1
        back = chances / len(labels)
        slope = np.empty_like(weights)
        for layer, mine, one, into in reversed(list(zip(self._layers, views, known, self._views(slope), strict=True))):
            back = layer.backward(back, mine, one, into)
        return float(losses.mean()), slope

    def judged(self, weights: Array, examples: Examples, places: Sequence[int] | None = None) -> tuple[float, float | None]:
        """The share of pictures that are told right, and the loss; None where that is no number."""
        order = np.arange(len(examples.labels)) if places is None else np.array(places)
        right, loss, views = 0, 0.0, self._views(weights)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(order), CHUNK):
                x, labels = examples.some(order[start : start + CHUNK], weights.dtype)
                for layer, mine in zip(self._layers, views, strict=True):
                    x, _ = layer.forward(x, mine)
                right += int((x.argmax(1) == labels).sum())
                loss += float(_judged(x, labels)[1].sum(dtype=np.float64))
        return right / len(order), loss / len(order) if np.isfinite(loss) else None

    def _views(self, weights: Array) -> list[list[Array]]:
        return [[weights[start:end].reshape(shape) for start, end, shape in layer] for layer in self._stretches]


def net_of(model: str, height: int, width: int) -> Net:
    """The net of a model's name, for pictures of that size.

    logistic: pixels to digits at once. mlp: over 32 hidden ones. cnn: 8 filters, halved, 16 filters, halved while it is large.
    """
    match model:
        case "logistic":
            return Net([Dense(height * width, 10, False)])
        case "mlp":
            return Net([Dense(height * width, HIDDEN, True), Dense(HIDDEN, 10, False)])
    return Net(list(_cnn(height, width)))


def _cnn(height: int, width: int) -> Iterator[Any]:
    inputs = 1
    for filters in FILTERS:
        yield Conv(inputs, filters, inputs == 1)
        if min(height, width) > SMALLEST and height % 2 == width % 2 == 0:
            yield Halve()
            height, width = height // 2, width // 2
        inputs = filters
    yield Dense(height * width * inputs, 10, False)


def mean_of(weights: Array, models: Sequence[tuple[Array, int]]) -> Array:
    """The mean of models, by how many pictures each has seen (FedAvg); `weights` is what all began with.

    It is taken of what has changed, so that nothing changes where nothing did.
    """
    everyone, step = sum(count for _, count in models), np.zeros_like(weights)
    for model, count in models:
        step += (model - weights) * np.float32(count / everyone)
    return weights + step


def median_of(models: Sequence[Array]) -> Array:
    """The median of models, weight by weight."""
    return np.median(np.stack(models), axis=0).astype(models[0].dtype)


def packed(weights: Array) -> bytes:
    """Weights as bytes."""
    return bytes(weights.astype("<f4").tobytes())


def unpacked(data: bytes) -> Array:
    """The same weights again."""
    return np.frombuffer(data, "<f4").astype(np.float32)


def _judged(scores: Array, labels: Array) -> tuple[Array, Array]:
    """The chance that each picture is each digit, and each picture's loss."""
    scores = scores - scores.max(1, keepdims=True)
    chances = np.exp(scores)
    total = chances.sum(1, keepdims=True)
    losses = np.log(total[:, 0]) - scores[np.arange(len(labels)), labels]
    chances /= total
    return chances, losses
