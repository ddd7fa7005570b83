"""Multinomial logistic regression, learned by stochastic gradient descent with AdaGrad's step sizes.

AdaGrad: Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization" (2011).
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Vector = Sequence[tuple[int, float]]

_SEED: Final = 20260


@dataclass(frozen=True, slots=True)
class Rates:
    """How is learned.

    Attributes:
        epochs: how often every message is seen.
        step: the first step's size.
        smoothing: so much of the certainty of a label is spread over all labels, which keeps weights small.
    """

    epochs: int = 12
    step: float = 0.3
    smoothing: float = 0.05


def softmax(scores: Sequence[float]) -> list[float]:
    """Return the probabilities that belong to scores; they sum to 1."""
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    total = math.fsum(powers)
    return [power / total for power in powers]


def learn(
    vectors: Sequence[Vector], labels: Sequence[int], *, features: int, classes: int, rates: Rates
) -> tuple[list[list[float]], list[float]]:
    """Learn weights from labelled vectors; equal input gives equal weights.

    A feature's weights share their step size: the sum runs over the squares of all their slopes.

    Args:
        vectors: a message each.
        labels: the class of each, from 0.
        features: how many features there are.
        classes: how many classes there are.
        rates: how is learned.

    Returns:
        The weights by feature and class, and the bias of each class.
    """
    weights = [[0.0] * classes for _ in range(features)]
    slopes = [1e-8] * features
    biases, bias_slopes = [0.0] * classes, 1e-8
    low, extra = rates.smoothing / classes, 1.0 - rates.smoothing
    order = list(range(len(vectors)))
    shuffle = random.Random(_SEED).shuffle  # noqa: S311 - an order that can be repeated
    for _ in range(rates.epochs):
        shuffle(order)
        for at in order:
            vector = vectors[at]
            scores = biases
            for feature, value in vector:
                scores = [score + value * weight for score, weight in zip(scores, weights[feature], strict=True)]
            errors = [probability - low for probability in softmax(scores)]
            errors[labels[at]] -= extra
            square = sum(error * error for error in errors)
            for feature, value in vector:
                slopes[feature] += square * value * value
                factor = rates.step * value / math.sqrt(slopes[feature])
                weights[feature] = [
                    weight - factor * error for weight, error in zip(weights[feature], errors, strict=True)
                ]
            bias_slopes += square
            factor = rates.step / math.sqrt(bias_slopes)
            biases = [bias - factor * error for bias, error in zip(biases, errors, strict=True)]
    return weights, biases
