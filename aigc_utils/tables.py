"""Synthetic tables: columns made normal, a VAE for records, and how far off a table is. Taught in 14_case_medicine."""

from aigc_utils import losses, training
from aigc_utils.runtime import keras, tf
from aigc_utils.training import LATENT, SHUFFLE, stream

import numpy as np


def _table(name, values, least=2):
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or len(values) < least or not np.isfinite(values).all():
        raise ValueError(f"{name} has shape {values.shape}, or NaN; expected finite (records >= {least}, columns).")
    return values


def normal_scores(column):
    """Return Φ⁻¹((rank − ½)/n) of a column (n,): standard normal whatever its law. Ties share their mean rank."""
    from scipy import stats

    column = np.asarray(column, np.float64)
    if column.ndim != 1 or not len(column) or not np.isfinite(column).all():
        raise ValueError(f"received a column of shape {column.shape}, or NaN; expected finite numbers (n,).")
    return stats.norm.ppf((stats.rankdata(column) - 0.5) / len(column))


class NormalScores:
    """Columns to normal scores and back, by interpolation between the training records; nothing leaves their range."""

    def __init__(self, records):
        self.knots = []
        for column in _table("records", records).T:
            scores, first = normal_scores(column), np.unique(column, return_index=True)[1]
            self.knots.append((column[first], scores[first]))

    def forward(self, records):
        """Return the scores (n, columns) of records (n, columns)."""
        return self._through(records, 0, 1)

    def back(self, scores):
        """Return the records of scores."""
        return self._through(scores, 1, 0)

    def _through(self, values, source, target):
        values = _table("values", values, 1)
        if values.shape[1] != len(self.knots):
            raise ValueError(f"received {values.shape[1]} columns; expected {len(self.knots)}, as at the start.")
        pairs = zip(values.T, self.knots, strict=True)
        return np.stack([np.interp(column, knots[source], knots[target]) for column, knots in pairs], axis=1)


class LogRatios:
    """Records to logarithms of ratios and back: row k of ``powers`` (columns, columns) holds the exponents of ratio k.

    Zeros are lifted by a third of the smallest positive value of their column, and taken off again on the way back.
    """

    def __init__(self, records, powers):
        records = _table("records", records)
        if (records < 0).any():
            raise ValueError(f"received values down to {records.min():.3g}; a logarithm needs numbers >= 0.")
        lowest = np.where(records > 0, records, np.inf).min(0)
        self.lift, self.powers = np.where(records.min(0) > 0, 0.0, lowest / 3), np.asarray(powers, float)
        self.inverse = np.linalg.inv(self.powers)

    def forward(self, records):
        """Return the logarithms (n, columns) of the ratios of records (n, columns)."""
        return np.log(np.asarray(records) + self.lift) @ self.powers.T

    def back(self, logarithms):
        """Return the records of such logarithms."""
        return np.maximum(np.exp(np.asarray(logarithms) @ self.inverse.T) - self.lift, 0.0)


def cancer_powers():
    """Return exponents (30, 30) for scikit-learn's breast-cancer table: sizes as they are, all else relative to them.

    Its columns are ten means, their ten errors and the ten worst values. Errors and worst values become shares of the
    mean; a perimeter is divided by the radius, and an area by its square.
    """
    powers = np.eye(30)
    powers[10:20, :10] -= np.eye(10)
    powers[20:, :10] -= np.eye(10)
    for block, square in ((0, 2), (10, 1), (20, 2)):  # an error of 1 % in the radius is one of 2 % in the area: of size
        powers[block + 2] -= powers[block]
        powers[block + 3] -= square * powers[block]
    return powers


class Whitening:
    """Centre records and turn them to uncorrelated axes of variance 1, and back (symmetric root of the covariance)."""

    def __init__(self, records):
        records = _table("records", records)
        self.mean = records.mean(0)
        values, vectors = np.linalg.eigh(np.cov(records, rowvar=False))
        self.roots, self.vectors = np.sqrt(values.clip(1e-9)), vectors

    def forward(self, records):
        """Return records (n, columns), whitened."""
        return (records - self.mean) @ (self.vectors / self.roots)

    def back(self, white):
        """Return the records of whitened ones."""
        return white @ (self.vectors * self.roots).T + self.mean


class TableVAE(training.VAE):
    """A VAE of records (n, columns) with labels (n, 1) in {0, 1}; its decoder says mean and variance of each value."""

    def __init__(self, columns, latent_dim=10, width=64, seed=0):
        keras.utils.set_random_seed(seed)
        layers = keras.layers
        record, label, latent = layers.Input((columns,)), layers.Input((1,)), layers.Input((latent_dim,))
        hidden = self._hidden([record, label], width)
        encoder = keras.Model([record, label], [layers.Dense(latent_dim)(hidden), layers.Dense(latent_dim)(hidden)])
        hidden = self._hidden([latent, label], width)
        mean = layers.Dense(columns)(hidden) + layers.Dense(columns, use_bias=False)(latent)
        log_var = keras.ops.clip(layers.Dense(columns, kernel_initializer="zeros")(hidden), -4.0, 3.0)
        super().__init__(encoder, keras.Model([latent, label], [mean, log_var]), seed=seed)

    def _hidden(self, inputs, width):
        hidden = keras.layers.Concatenate()(inputs)
        for _ in range(2):
            hidden = keras.layers.Dense(width, "silu")(hidden)
        return hidden

    def train_step(self, batch):
        """Raise the bound once, with the likelihood of a variance of its own for every value."""
        records, labels = batch
        with tf.GradientTape() as tape:
            latent, mean, log_var = self.encode(records, labels, self.step.value, training=True)
            likelihood = losses.gaussian_log_likelihood(records, *self.decoder([latent, labels], training=True))
            loss = losses.negative_elbo(likelihood, losses.gaussian_kl(mean, log_var), self.beta)
        variables = [v for v in self.trainable_variables if v is not self.noise]
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        self.step.assign_add(1)
        return {"loss": loss}

    def sample(self, labels, seed=0):
        """Return records (n, columns) for labels (n,), decoder noise included."""
        labels = tf.constant(np.asarray(labels)[:, None], tf.float32)
        noise = tf.random.stateless_normal((len(labels), self.encoder.output[0].shape[1]), stream(seed, LATENT, -1))
        mean, log_var = self.decoder([noise, labels])
        return (mean + tf.exp(log_var / 2) * tf.random.stateless_normal(mean.shape, stream(seed, LATENT, -2))).numpy()


def fit(model, records, labels=None, steps=1500, batch_size=96):
    """Train a compiled `training.Trainable` on float records (n, columns) for ``steps`` steps inside one graph.

    A batch is drawn with replacement, by the model's seed and step. With ``labels`` (n,) a batch is (records, labels).
    """
    records = tf.constant(_table("records", records), tf.float32)
    labels = None if labels is None else tf.constant(np.asarray(labels)[:, None], tf.float32)

    @tf.function
    def run():
        for _ in tf.range(steps):
            places = tf.random.stateless_uniform(
                (batch_size,), stream(model.seed, SHUFFLE, model.step.value), 0, len(records), tf.int32
            )
            chosen = tf.gather(records, places)
            model.train_step(chosen if labels is None else (chosen, tf.gather(labels, places)))

    run()
    if not all(np.isfinite(weight).all() for weight in model.get_weights()):
        raise FloatingPointError("a weight is no longer a finite number; lower the learning rate.")
    return model


class MatchMoments:
    """A map, class by class, that gives generated records the mean and covariance of the training records.

    It is linear: x ↦ (x − m₁) C₁^(−½) C₂^½ + m₂, with moments 1 of many generated records and 2 of the training ones.
    """

    def __init__(self, generated, generated_labels, records, labels):
        self.maps = {}
        for c in np.unique(labels):
            source, target = generated[generated_labels == c], records[labels == c]
            roots = [_power(np.cov(x, rowvar=False), p) for x, p in ((source, -0.5), (target, 0.5))]
            self.maps[c] = source.mean(0), roots[0] @ roots[1], target.mean(0)

    def __call__(self, generated, labels):
        """Return generated records (n, columns), mapped."""
        out = np.empty_like(generated)
        for c, (mean, turn, target) in self.maps.items():
            out[labels == c] = (generated[labels == c] - mean) @ turn + target
        return out


def _power(matrix, exponent):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * values.clip(1e-9) ** exponent) @ vectors.T


# --- how far off is a table? ------------------------------------------------------------------------------------------


def correlation_error(real, synthetic):
    """Return the mean |difference| of the rank correlations of all pairs of columns, in [0, 2].

    ``real`` (n, columns) and ``synthetic`` (m, columns). Ranks, because in skewed columns a few large values decide an
    ordinary correlation.
    """
    from scipy import stats

    real, synthetic = _table("real", real, 3), _table("synthetic", synthetic, 3)
    if real.shape[1] != synthetic.shape[1] or real.shape[1] < 2:
        raise ValueError(f"received {real.shape[1]} and {synthetic.shape[1]} columns; expected two or more, the same.")
    tables = [np.corrcoef(stats.rankdata(x, axis=0), rowvar=False) for x in (real, synthetic)]
    return float(np.abs(tables[0] - tables[1])[np.triu_indices(real.shape[1], 1)].mean())


def two_sample_scores(real, synthetic, classifier, folds=5, seed=0):
    """Return out-of-fold scores (n,) of real and (m,) of synthetic records: higher means "looks synthetic".

    Their AUC is ½ where a classifier cannot tell the two, and 1 where it always can (Lopez-Paz and Oquab 2017).
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    real, synthetic = _table("real", real, folds), _table("synthetic", synthetic, folds)
    origin = np.r_[np.zeros(len(real)), np.ones(len(synthetic))]
    cut = StratifiedKFold(folds, shuffle=True, random_state=seed)
    scores = cross_val_predict(classifier, np.vstack([real, synthetic]), origin, cv=cut, method="predict_proba")[:, 1]
    return scores[origin == 0], scores[origin == 1]


def nearest_distances(records, synthetic, training, skip=0):
    """Return the distance (n,) of each record to its nearest synthetic one, in standard deviations of ``training``.

    All are (…, columns) of numbers >= 0, compared as log(1 + x/median): columns of any unit weigh the same. ``skip``
    nearest ones are passed over: 1 where the records themselves are among the others.
    """
    from sklearn.neighbors import NearestNeighbors

    median = np.median(_table("training", training), axis=0)
    logs = [np.log1p(np.maximum(_table("table", x, 1), 0) / median) for x in (records, synthetic, training)]
    spread = logs[2].std(0)
    return NearestNeighbors(n_neighbors=skip + 1).fit(logs[1] / spread).kneighbors(logs[0] / spread)[0][:, skip]
