"""How far generated images are from real ones, over the features of a *named* network. Taught in 05.

A Fréchet distance means nothing without its feature network, layer and sample sizes: two figures compare only if all
of these agree. None of the figures here compares with a published FID unless the network is "inception".
"""

import dataclasses

from aigc_utils import models
from aigc_utils.runtime import keras

import numpy as np

BATCH = 500  # images a forward pass; a bound on memory, not on results


def _checked(name, features, least=2):
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or len(features) < least:
        raise ValueError(f"{name} has shape {features.shape}; expected (samples >= {least}, features).")
    if not np.isfinite(features).all():
        raise ValueError(f"{name} holds NaN or infinite values; check the images and the feature network.")
    return features


def frechet_distance(real, fake):
    """Return ‖μ₁ − μ₂‖² + Tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½), a number ≥ 0 in squared feature units (0: same mean and covariance).

    ``real`` and ``fake`` are features (samples, features); the sample sizes may differ, and the smaller biases the
    figure upward. The distance of two Gaussians (Dowson and Landau 1982), as used by Heusel et al. 2017. The trace of
    the root is the sum of the roots of the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which is symmetric.
    """
    real, fake = _checked("real", real), _checked("fake", fake)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f"received {real.shape[1]} and {fake.shape[1]} features; expected the same feature network.")
    covariance_real, covariance_fake = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (real, fake))
    values, vectors = np.linalg.eigh(covariance_real)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ covariance_fake @ root).clip(0)).sum()
    mean_term = np.sum((real.mean(0) - fake.mean(0)) ** 2)
    return float(max(0.0, mean_term + np.trace(covariance_real) + np.trace(covariance_fake) - 2 * cross))


def kernel_distance(real, fake, subsets=50, subset_size=500, seed=0):
    """Return (mean, standard error) of the unbiased squared MMD over random subsets, with the kernel (xᵀy/d + 1)³.

    ``real`` and ``fake`` are features (samples, d). Unlike the Fréchet distance its expectation does not depend on the
    sample size, and it may be slightly negative (Bińkowski et al. 2018, "KID").
    """
    real, fake = _checked("real", real), _checked("fake", fake)
    size = min(subset_size, len(real), len(fake))
    rng = np.random.default_rng(seed)
    estimates = []
    for _ in range(subsets):
        x, y = (part[rng.choice(len(part), size, replace=False)] for part in (real, fake))
        within = sum((k.sum() - np.trace(k)) / (size * (size - 1)) for k in (_cubic(x, x), _cubic(y, y)))
        estimates.append(within - 2 * _cubic(x, y).mean())
    return float(np.mean(estimates)), float(np.std(estimates) / np.sqrt(subsets))


def _cubic(x, y):
    return (x @ y.T / x.shape[1] + 1) ** 3


def precision_recall(real, fake, neighbours=3):
    """Return (precision, recall), each in [0, 1], by nearest-neighbour balls in feature space.

    Precision: the share of ``fake`` inside a ball of ``real``; recall: the share of ``real`` inside a ball of ``fake``.
    A ball reaches from a sample to its ``neighbours``-th neighbour of its own kind (Kynkäänniemi et al. 2019). Use
    equal sample sizes: the balls shrink as samples grow.
    """
    real, fake = _checked("real", real, neighbours + 1), _checked("fake", fake, neighbours + 1)
    return _covered(real, fake, neighbours), _covered(fake, real, neighbours)


def _covered(centres, points, neighbours):
    from sklearn.metrics import pairwise_distances

    # sorted column 0 is the sample itself
    radii = np.partition(pairwise_distances(centres), neighbours, axis=1)[:, neighbours]
    return float((pairwise_distances(points, centres) <= radii).any(axis=1).mean())


@dataclasses.dataclass(frozen=True)
class FeatureNetwork:
    """A network to measure distances in: ``name`` and ``layer`` belong beside every figure."""

    name: str
    layer: str
    model: keras.Model  # images (n, side, side, 3) in [-1, 1] -> (features, {head: probabilities})

    def __str__(self):
        return f"{self.name}, layer {self.layer}"

    def features(self, images):
        """Return features (n, d) of images, uint8 or float in [-1, 1], of shape (n, side, side, 3)."""
        return self._run(images)[0]

    def probabilities(self, images):
        """Return {head: probabilities (n, classes)} of the classifier that the features come from."""
        return self._run(images)[1]

    def _run(self, images):
        images = np.asarray(images)
        expected = self.model.input_shape[1:]
        if images.ndim != 4 or images.shape[1:] != expected or not len(images):
            raise ValueError(f"received images of shape {images.shape}; {self.name} expects (n, {expected}).")
        if images.dtype == np.uint8:
            images = images.astype(np.float32) / 127.5 - 1.0
        parts = [self.model(images[i : i + BATCH], training=False) for i in range(0, len(images), BATCH)]
        features = np.concatenate([np.asarray(part[0]) for part in parts])
        heads = {key: np.concatenate([np.asarray(part[1][key]) for part in parts]) for key in parts[0][1]}
        return features, heads


def feature_network(name="cifar10_features"):
    """Return a shipped network by name: "cifar10_features" (photographs), "kitten_factors" or "cifar10_judge"."""
    return as_feature_network(models.load_pretrained(name))


def as_feature_network(classifier):
    """Return the `FeatureNetwork` of a `models.classifier`."""
    layer = classifier.get_layer("features")
    return FeatureNetwork(classifier.name, layer.name, keras.Model(classifier.input, [layer.output, classifier.output]))


def inception():
    """Return InceptionV3's pooled features (2,048), the network of published FID figures; downloads 88 MB.

    The weights are Keras' own port and the images are resized bilinearly to 299×299, so that figures come close to,
    but not equal, the published ones.
    """
    try:
        base = keras.applications.InceptionV3(include_top=False, pooling="avg")
    except Exception as error:  # Keras raises a bare Exception when a download fails
        raise RuntimeError(
            f"InceptionV3's weights could not be downloaded: {error}. Connect to the internet once, or use "
            "feature_network('cifar10_features'), which ships with the project."
        ) from error
    images = keras.layers.Input((32, 32, 3))
    resized = keras.layers.Resizing(299, 299, interpolation="bilinear")(images)
    return FeatureNetwork("InceptionV3 (keras.applications)", "avg_pool", keras.Model(images, [base(resized), {}]))
