"""How far generated images are from real ones, over the features of a *named* network. Taught in 05.

A Fréchet distance means nothing without its feature network, layer and sample sizes: two figures compare only if all
of these agree. None of the figures here compares with a published FID unless the network is "inception".
"""

import dataclasses
import functools
import hashlib
import io
import itertools
import warnings
from typing import NamedTuple

from aigc_utils import checks, data, models
from aigc_utils.runtime import keras, tf

import numpy as np

BATCH = 500  # images a forward pass; a bound on memory, not on results


def _pair(real, fake, least=(2, 2)):
    real = checks.records(real, "real", least[0])
    return real, checks.records(fake, "fake", least[1], real.shape[1])


def frechet_distance(real, fake):
    """Return ‖μ₁ − μ₂‖² + Tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½), a number ≥ 0 in squared feature units (0: same mean and covariance).

    ``real`` and ``fake`` are features (samples, features); the sample sizes may differ, and the smaller biases the
    figure upward. The distance of two Gaussians (Dowson and Landau 1982), as used by Heusel et al. 2017. The trace of
    the root is the sum of the roots of the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which is symmetric.
    """
    real, fake = _pair(real, fake)
    return _distance_from(_moments(real), fake)


def _moments(real):
    """Return (mean, covariance, its root): the half of a distance that many sets can share."""
    covariance = np.atleast_2d(np.cov(real, rowvar=False))
    values, vectors = np.linalg.eigh(covariance)
    return real.mean(0), covariance, (vectors * np.sqrt(values.clip(0))) @ vectors.T


def _distance_from(moments, fake):
    mean, covariance_real, root = moments
    covariance_fake = np.atleast_2d(np.cov(fake, rowvar=False))
    cross = np.sqrt(np.linalg.eigvalsh(root @ covariance_fake @ root).clip(0)).sum()
    mean_term = np.sum((mean - fake.mean(0)) ** 2)
    # never below 0 but for rounding: large traces that cancel may not eat the distance of the means
    covariance_term = max(0.0, np.trace(covariance_real) + np.trace(covariance_fake) - 2 * cross)
    return float(mean_term + covariance_term)


def resampled(real, sets, rng, repeats=200, paired=False):
    """Return (repeats, sets) Fréchet distances of features drawn again with replacement: what an interval is made of.

    ``real`` and each of ``sets`` are features (samples, features); the same draw of the real ones serves all sets, so
    that many sets at once take less time than each alone. ``paired`` draws the same rows of every set, for differences
    of sets whose rows belong together, such as pictures from the same noise: they must be equally many.
    """
    from threadpoolctl import threadpool_limits  # scikit-learn brings it

    parts, drawn = [_pair(real, part)[1] for part in (real, *sets)], []
    counts = {len(part) for part in parts[1:]}
    if paired and len(counts) > 1:
        raise ValueError(f"received sets of {sorted(counts)} samples; expected equally many, if they are paired.")

    def rows(part):
        return rng.integers(len(part), size=len(part))

    with threadpool_limits(1):  # two threads wait for each other on a busy machine, up to fifty times as long
        for _ in range(repeats):
            moments = _moments(parts[0][rows(parts[0])])  # once for all sets
            same = rows(parts[1]) if paired else None
            drawn.append([_distance_from(moments, part[rows(part) if same is None else same]) for part in parts[1:]])
    return np.array(drawn)


def basic_interval(figure, drawn):
    """Return (figure less its bias, least, most): the basic 95 % bootstrap interval, mirrored about the figure.

    ``drawn`` are figures of samples drawn again. A distance is biased upward, and drawing again adds the bias once
    more: 05 measures what that does to an interval. Davison and Hinkley 1997, *Bootstrap Methods*, section 5.2.
    """
    low, high = np.quantile(drawn, (0.025, 0.975))
    return [float(2 * figure - value) for value in (np.mean(drawn), high, low)]


def kernel_distance(real, fake, subsets=50, subset_size=500, seed=0):
    """Return (mean, standard error) of the unbiased squared MMD over random subsets, with the kernel (xᵀy/d + 1)³.

    ``real`` and ``fake`` are features (samples, d). Unlike the Fréchet distance its expectation does not depend on the
    sample size, and it may be slightly negative (Bińkowski et al. 2018, "KID"). Subsets of s out of n samples share
    samples; their spread becomes the error of the whole by the factor (s/(n − s))^½ of subsampling (Politis, Romano and
    Wolf 1999), so s is at most n/2. The error is NaN for a single subset, or less than four samples.
    """
    real, fake = _pair(real, fake)
    checks.whole(1, subsets=subsets)
    checks.whole(2, subset_size=subset_size)
    samples = min(len(real), len(fake))
    size = min(subset_size, max(2, samples // 2))
    rng = np.random.default_rng(seed)
    estimates = []
    for _ in range(subsets):
        x, y = (part[rng.choice(len(part), size, replace=False)] for part in (real, fake))
        within = sum((k.sum() - np.trace(k)) / (size * (size - 1)) for k in (_cubic(x, x), _cubic(y, y)))
        estimates.append(within - 2 * _cubic(x, y).mean())
    known = subsets > 1 and samples >= 4
    error = np.std(estimates, ddof=1) * np.sqrt(size / (samples - size) + 1 / subsets) if known else np.nan
    return float(np.mean(estimates)), float(error)


def _cubic(x, y):
    root = x @ y.T / x.shape[1] + 1
    return root * root * root  # thirty times as fast as NumPy's power


def precision_recall(real, fake, neighbours=3):
    """Return (precision, recall), each in [0, 1], by nearest-neighbour balls in feature space.

    Precision: the share of ``fake`` inside a ball of ``real``; recall: the share of ``real`` inside a ball of ``fake``.
    A ball reaches from a sample to its ``neighbours``-th neighbour of its own kind (Kynkäänniemi et al. 2019). Use
    equal sample sizes: the balls shrink as samples grow.
    """
    checks.whole(1, neighbours=neighbours)
    real, fake = _pair(real, fake, (neighbours + 1, neighbours + 1))
    return tuple(float(_inside(*pair, neighbours).any(0).mean()) for pair in ((real, fake), (fake, real)))


def _inside(centres, points, neighbours):
    """Return (centres, points) truths: does a point lie in the ball that reaches to a centre's n-th neighbour?"""
    from sklearn.metrics import pairwise_distances

    middle = np.median(centres, axis=0)  # nearer to 0 the distances, made of squares, are more exact
    centres, points = centres - middle, points - middle
    radii = np.partition(pairwise_distances(centres), neighbours, axis=1)[:, neighbours]  # column 0: the centre itself
    rounding = np.add.outer(*(np.linalg.norm(part, axis=1) for part in (centres, points)))
    return pairwise_distances(centres, points) <= radii[:, None] + 1e-7 * rounding  # else a copy may miss a ball of 0


def density_coverage(real, fake, neighbours=5):
    """Return (density >= 0, coverage in [0, 1]) of ``fake`` by the nearest-neighbour balls around ``real``.

    Density: how many balls of ``real`` a fake lies in, on average, divided by ``neighbours`` (1 is expected where both
    are alike; it may exceed 1). Coverage: the share of balls with at least one fake. An outlier among ``real`` has a
    large ball, which counts here as one of many. Features (samples, d); Naeem et al. 2020, equations 4 and 5.
    """
    checks.whole(1, neighbours=neighbours)
    inside = _inside(*_pair(real, fake, (neighbours + 1, 1)), neighbours)
    return float(inside.sum(0).mean() / neighbours), float(inside.any(1).mean())


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

    @functools.cached_property
    def _compiled(self):
        """The model as one graph for any number of images: a third of the time for few, and no tracing anew."""
        signature = [tf.TensorSpec((None, *self.model.input_shape[1:]), tf.float32)]
        return tf.function(lambda images: self.model(images, training=False), input_signature=signature)

    def _run(self, images):
        images, expected = checks.unit_images(images), self.model.input_shape[1:]
        if images.shape[1:] != expected:
            raise ValueError(f"received images of shape {images.shape}; {self.name} expects (n, {expected}).")
        parts = [self._compiled(images[i : i + BATCH]) for i in range(0, len(images), BATCH)]
        features = np.concatenate([part[0] for part in parts])
        heads = {key: np.concatenate([part[1][key] for part in parts]) for key in parts[0][1]}
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
        advice = (
            "Connect to the internet once, or use feature_network('cifar10_features'), which ships with the project"
        )
        raise RuntimeError(f"InceptionV3's weights could not be downloaded: {error}. {advice}.") from error
    images = keras.layers.Input((32, 32, 3))
    resized = keras.layers.Resizing(299, 299, interpolation="bilinear")(images)
    return FeatureNetwork("InceptionV3 (keras.applications)", "avg_pool", keras.Model(images, [base(resized), {}]))


def auc_interval(positive, negative, confidence=0.95):
    """Return (auc, least, most): the share of pairs that the positive wins, ties as a half, and DeLong's interval.

    ``positive`` (m,) and ``negative`` (n,) are scores. The variance is that of the scores' mean shares over both groups
    (DeLong, DeLong and Clarke-Pearson 1988). Where it is 0, all pairs agree, k = min(m, n) independent ones among them:
    the interval is then Clopper and Pearson's for k of k.
    """
    from scipy import stats

    checks.shares(confidence=confidence)
    positive, negative = checks.numbers(positive, "positive", 2), checks.numbers(negative, "negative", 2)
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    variance = wins.mean(1).var(ddof=1) / len(positive) + wins.mean(0).var(ddof=1) / len(negative)
    auc, half = wins.mean(), stats.norm.ppf(0.5 + confidence / 2) * np.sqrt(variance)
    least, most = max(0.0, auc - half), min(1.0, auc + half)
    if np.ptp(wins) == 0:
        agree = (0.5 - confidence / 2) ** (1 / min(wins.shape))  # at least this share of all pairs does
        least, most = agree * auc, agree * auc + 1 - agree
    return float(auc), float(least), float(most)


# --- memorisation ----------------------------------------------------------------------------------------------------

AT_ONCE = 5000  # training images that the audit looks at
AUDIT_SIDE = 32  # pixels: pictures of other sizes are brought to this one
MOST_SHIFT = 2  # pixels that a near-copy may have moved
ZOOMS = (0.0, 0.5, 1.0, 1.5)  # pixels cut off on each side before enlarging: 1.5 of 32 is a zoom of 1.10
GREY_BLOCK, COLOUR_BLOCK = 2, 7  # pixels averaged: JPEG keeps grey finely and colour coarsely, so that is how we look
COARSE = (4, 14)  # the same for a first look at all training images, which chooses those to compare finely
LUMA_CHROMA = ((0.299, 0.587, 0.114), (-0.169, -0.331, 0.5), (0.5, -0.419, -0.081))  # JPEG's maps of RGB


@dataclasses.dataclass(frozen=True)
class Audit:
    """What `memorisation_audit` found; ``nearest`` are indices of training images, for every sample."""

    ratios: np.ndarray  # (samples,) in [0, 1], small for a copy, see `copy_ratios`
    nearest: np.ndarray  # (samples,) integers
    threshold: float  # ratios below it count as suspicious
    p_value: float  # of a count as large as this one, were the samples as new as the held-out images

    @property
    def suspects(self):
        """Return the indices of samples below the threshold, the most suspicious first."""
        order = np.argsort(self.ratios, kind="stable")
        return order[self.ratios[order] < self.threshold]


def memorisation_audit(samples, training, held_out, rank=3):
    """Ask whether samples lie nearer to single training images than new real images do; returns an `Audit`.

    All images are (n, side, side, 1 or 3), uint8 or float in [-1, 1]; ``held_out`` are real, and a ValueError says if
    some are in ``training``, exactly, mirrored or shifted. What repeats within ``training`` counts once.
    The threshold is the ``rank``-th smallest ratio of ``held_out``: with rank 3, two real images that happen to
    resemble a training image do not blind the audit. Were the samples as new as ``held_out``, the count below it would
    follow the negative hypergeometric law (a precedence test, Nelson 1963): its p-value is exact for any distribution.
    """
    prepared = training_views(training)
    ratios, nearest = copy_ratios(samples, prepared)
    innocent, _ = copy_ratios(held_out, prepared)
    return judge_ratios(ratios, innocent, nearest, rank)


def judge_ratios(ratios, innocent, nearest=None, rank=3):
    """Return the `Audit` of samples with these ratios, ``innocent`` being those of held-out images."""
    from scipy.stats import nhypergeom

    if rank not in range(1, len(innocent) + 1):
        raise ValueError(f"received rank={rank} for {len(innocent)} held-out images; expected 1 to their number.")
    if not len(ratios) or not (np.isfinite(ratios).all() and np.isfinite(innocent).all()):
        raise ValueError(f"received {len(ratios)} ratios, or NaN among them; expected what copy_ratios returns.")
    if copies := np.count_nonzero(np.equal(innocent, 0)):
        said = f"{copies} of {len(innocent)} held-out images are training images (ratio 0), which blinds the audit"
        raise ValueError(f"{said}: find out why, and take them out by held_out[innocent > 0].")
    threshold = float(np.sort(innocent)[rank - 1])
    count = int((ratios < threshold).sum())
    chance = nhypergeom.sf(count - 1, len(ratios) + len(innocent), len(ratios), rank) if count else 1.0
    return Audit(ratios, nearest, threshold, float(chance))


class TrainingViews(NamedTuple):
    """Training images as `copy_ratios` compares them."""

    coarse: np.ndarray  # (n, values), for the first look
    fine: np.ndarray  # (zooms, n, values)
    places: np.ndarray  # (n,), of these images among all that were given: one that repeats another is left out


def training_views(training):
    """Return training images (n, side, side, 1 or 3) prepared for several calls of `copy_ratios`.

    What repeats another image, exactly or mirrored, is left out, with a warning: else copies would be all neighbours.
    """
    training, first = small_bytes(training, "training"), {}
    for place, image in enumerate(training):
        first.setdefault(hashlib.sha256(min(image.tobytes(), image[:, ::-1].tobytes())).digest(), place)
    places = np.array(list(first.values()))
    if repeated := len(training) - len(places):
        said = f"{repeated} of {len(training)} training images repeat another one and do not count."
        warnings.warn(said, stacklevel=2)
    coarse, fine = (), ()
    for start in range(0, len(places), AT_ONCE):  # a bound on memory
        rows = slice(start, start + AT_ONCE)
        part = training[places[rows]]
        first_look = _views(part, 0, flips=(False,), blocks=COARSE)[:, 0]
        looks = [_views(_zoomed(part, margin), 0, (False,))[:, 0] for margin in ZOOMS]
        if not start:
            coarse = np.empty((len(places), first_look.shape[1]), np.float32)
            fine = np.empty((len(ZOOMS), len(places), looks[0].shape[1]), np.float32)
        coarse[rows], fine[:, rows] = first_look, looks
    return TrainingViews(coarse, fine, places)


def copy_ratios(samples, training, neighbours=50):
    """Return (ratios, nearest) of every sample: its distance to the nearest training image, relative to others like it.

    The ratio is d(x, y₁) / mean of d(x, y₁), …, d(x, yₖ) over the k = ``neighbours`` nearest training images, in
    [0, 1], and 0 for a copy (Carlini et al. 2023, section 5, with n = k and without the factor α). The distance d is
    the smallest over flips, shifts up to 2 pixels and zooms up to 1.10, between grey pictures averaged over blocks of
    2×2 pixels and colours averaged over 7×7. ``nearest`` (n,) are indices into ``training``, which are images or, for
    several calls, what `training_views` made of them.
    """
    samples = small_bytes(samples, "samples")
    checks.whole(2, neighbours=neighbours)
    coarse, fine, places = training if isinstance(training, TrainingViews) else training_views(training)
    if len(coarse) < neighbours:
        raise ValueError(f"training has {len(coarse)} different images; expected n >= {neighbours} neighbours.")
    ratios, nearest = np.empty(len(samples)), np.empty(len(samples), int)
    step = max(1, min(50, 50 * AT_ONCE // len(coarse)))  # a bound on memory
    for start in range(0, len(samples), step):
        part = samples[start : start + step]
        rough = _least_distances(_views(part, MOST_SHIFT, blocks=COARSE), coarse)
        near = np.argpartition(rough, neighbours - 1, axis=1)[:, :neighbours]
        views = _views(part, MOST_SHIFT)
        exact = np.min([_least_distances(views, zoomed[near]) for zoomed in fine], axis=0)
        ratios[start : start + step] = exact.min(1) / np.maximum(exact.mean(1), 1e-12)
        nearest[start : start + step] = places[near[np.arange(len(part)), exact.argmin(1)]]
    return ratios, nearest


def near_copies(images, seed=0):
    """Return copies of uint8 images (n, side, side, 3), each changed a little, and the names of the changes (n,).

    One change each, at random: "flip" left to right; "shift" by up to 2 pixels, edges repeated; "JPEG" of quality 90;
    "zoom" by up to 1.10. They are planted among samples to see whether an audit finds them.
    """
    images = checks.images(images)
    if images.dtype != np.uint8 or images.shape[-1] != 3 or images.shape[1] != images.shape[2]:
        raise ValueError(f"received images of {images.dtype} {images.shape}; expected uint8 (n >= 1, side, side, 3).")
    rng, side = np.random.default_rng(seed), images.shape[1]
    kinds = rng.choice(["flip", "shift", "JPEG", "zoom"], len(images))
    copies = []
    for image, kind in zip(images, kinds, strict=True):
        down, right = rng.choice([-2, -1, 1, 2], 2)
        padded = np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="edge")
        changed = {
            "flip": lambda image=image: image[:, ::-1],
            "shift": lambda p=padded, d=down, r=right: p[2 + d : 2 + d + side, 2 + r : 2 + r + side],
            "JPEG": lambda image=image: _as_jpeg(image),
            "zoom": lambda image=image: _zoomed(image[None], rng.uniform(0.3, 1.5) * side / AUDIT_SIDE)[0],
        }
        copies.append(changed[kind]())
    return np.stack(copies), kinds


def _as_jpeg(image, quality=90):
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def small_bytes(images, name="images"):
    """Return images, see `checks.images`, as uint8 (n, 32, 32, 3): the audit compares them so."""
    from PIL import Image

    images = checks.images(images, name)
    images = images if images.dtype == np.uint8 else data.to_uint8(images)
    images = images.repeat(3, axis=-1) if images.shape[-1] == 1 else images
    if images.shape[1:3] == (AUDIT_SIDE, AUDIT_SIDE):
        return images
    small = np.empty((len(images), AUDIT_SIDE, AUDIT_SIDE, 3), np.uint8)
    for k, image in enumerate(images):
        small[k] = Image.fromarray(image).resize((AUDIT_SIDE, AUDIT_SIDE))
    return small


def _zoomed(images, margin):
    """Return uint8 images of which ``margin`` pixels were cut off on each side and the rest enlarged."""
    from PIL import Image

    if not margin:
        return images
    side, box = images.shape[1], (margin, margin, images.shape[1] - margin, images.shape[1] - margin)
    enlarge = [Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC, box=box) for image in images]
    return np.stack([np.asarray(image) for image in enlarge])


def _views(images, most_shift, flips=(False, True), blocks=(GREY_BLOCK, COLOUR_BLOCK)):
    """Return features (n, views, d) of every flip and shift: block means of grey and of two colour-difference maps."""
    maps = tf.tensordot(tf.cast(images, tf.float32), np.float32(LUMA_CHROMA).T / 255, 1)
    shifts, views = range(-most_shift, most_shift + 1), []
    for flip in flips:
        turned = maps[:, :, ::-1] if flip else maps
        means = [  # of all block×block squares
            tf.nn.avg_pool2d(part, block, 1, "VALID").numpy()
            for part, block in zip((turned[..., :1], turned[..., 1:]), blocks, strict=True)
        ]
        for down, right in itertools.product(shifts, shifts):
            parts = [_every(mean, block, down, right) for mean, block in zip(means, blocks, strict=True)]
            views.append(np.concatenate([parts[0], 0.5 * parts[1]], axis=1))
    return np.stack(views, axis=1)


def _every(means, block, down, right):
    """Return every block-th mean inside the border, times the root of the pixels it stands for, as (n, values)."""
    top, left, inner = MOST_SHIFT + down, MOST_SHIFT + right, AUDIT_SIDE - 2 * MOST_SHIFT
    chosen = means[:, top : top + inner : block, left : left + inner : block]
    return block * chosen.reshape(len(means), -1)


def _least_distances(views, others):
    """Return (n, m) distances from samples' nearest views (n, views, d) to others (m, d) or (n, m, d)."""
    # |v - o|² = (-2v, |v|², 1)·(o, 1, |o|²) in one product; TensorFlow's, as NumPy's threads stall on a busy machine
    ones = [np.ones((*array.shape[:-1], 1), np.float32) for array in (views, others)]
    left = np.concatenate([-2 * views, np.sum(views**2, axis=-1, keepdims=True), ones[0]], axis=-1)
    right = np.concatenate([others, ones[1], np.sum(others**2, axis=-1, keepdims=True)], axis=-1)
    left = left.reshape(-1, left.shape[-1]) if others.ndim == 2 else left
    squared = tf.matmul(left, right, transpose_b=True).numpy()
    least = squared.reshape(*views.shape[:2], -1).min(axis=1)
    return np.sqrt(np.where(least < 2e-6 * right[..., -1], 0, least))  # less is rounding: the distance of a copy is 0
