"""Synthetic tables: columns made normal, a VAE for records, and a judge's scores. Taught in 14_case_medicine."""

import dataclasses

from aigc_utils import checks, losses, training
from aigc_utils.runtime import keras, tf
from aigc_utils.training import LATENT, SHUFFLE, stream

import numpy as np

OUTERMOST = 5  # values at each end of a column that say how it goes on; and a value that more share is nobody's own
FAR = 40.0  # normal scores: no draw lies that far out


class NormalScores:
    """Columns to normal scores and back, as the training records (n, columns) lie.

    A column is interpolated between the records. Beyond them it goes on at the slope of the five outermost, so that
    `back` gives nobody's own extreme: a positive column nears 0, and 0 itself is an end. A value that more than five
    share keeps its share: its records get scores spread over it in random order, by ``seed`` (the distributional
    transform, Rüschendorf 2009). A column of at most half as many values as records (a flag, an age) has no others,
    and one of whole numbers stays whole.
    """

    def __init__(self, records, seed=0):
        self.seed, self.maps = seed, [_score_maps(column) for column in checks.records(records).T]

    def forward(self, records):
        """Return the scores (n, columns) of records (n, columns)."""
        rng, records = np.random.default_rng(self.seed), checks.records(records, "records", 1, len(self.maps))
        return np.stack([there(column, rng) for column, (there, _) in zip(records.T, self.maps, strict=True)], axis=1)

    def back(self, scores):
        """Return the records of scores."""
        scores = checks.records(scores, "scores", 1, len(self.maps))
        return np.stack([back(column) for column, (_, back) in zip(scores.T, self.maps, strict=True)], axis=1)


def _score_maps(column):
    """Return the maps (values, rng) -> scores and scores -> values of one column."""
    from scipy.stats import norm, rankdata

    values, counts = np.unique(column, return_counts=True)
    size, ends, discrete = len(column), np.cumsum(counts), _discrete(column)
    shared, whole = (counts > OUTERMOST) | discrete, (values % 1 == 0).all()
    ranks = np.where(shared, [ends - counts + 0.5, ends - 0.5], ends - counts / 2)  # the first and last of each value
    x, z = np.repeat(values, 2), norm.ppf(ranks / size).T.ravel()
    x, z = x[np.diff(z, prepend=-np.inf) > 0], z[np.diff(z, prepend=-np.inf) > 0]
    x, z = (x, z) if discrete else _longer(x, z)

    def forward(given, rng):
        mixed, place = rng.permutation(len(given)), np.minimum(np.searchsorted(values, given), len(values) - 1)
        order, first, last = np.empty(len(given)), rankdata(given, "min"), rankdata(given, "max")
        order[mixed] = rankdata(given[mixed], "ordinal")
        spread = ends[place] - counts[place] * (last - order + 0.5) / (last - first + 1)
        return np.where(shared[place] & (values[place] == given), norm.ppf(spread / size), np.interp(given, x, z))

    def back(scores):
        if not discrete:
            found = np.interp(scores, z, x)
            return np.rint(found) if whole else found
        return np.repeat(values, counts)[np.minimum(norm.cdf(scores) * size, size - 1).astype(int)]

    return forward, back


def _longer(values, scores):
    """Return a column's values and scores, both rising, with what lies beyond the training records."""
    last = min(OUTERMOST, len(values)) - 1
    low = (values[last] - values[0]) / (scores[last] - scores[0])
    high = (values[-1] - values[-1 - last]) / (scores[-1] - scores[-1 - last])
    halvings = np.arange(60.0, 0, -1) if values[0] > 0 else np.array([])  # exponentially towards 0, in straight pieces
    below, at = values[0] / 2**halvings, scores[0] - halvings * np.log(2) * values[0] / low
    if values[0] < 0:
        below, at = [values[0] - FAR * low], [scores[0] - FAR]
    return np.r_[below, values, values[-1] + FAR * high], np.r_[at, scores, scores[-1] + FAR]


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
        self.descend(tape, loss, variables)
        return self.report(loss=loss)

    def sample(self, labels, seed=0):
        """Return records (n, columns) for labels (n,), decoder noise included."""
        labels = tf.constant(checks.labels(labels, len(labels), (2,)), tf.float32)
        noise = tf.random.stateless_normal((len(labels), self.encoder.output[0].shape[1]), stream(seed, LATENT, -1))
        mean, log_var = self.decoder([noise, labels])
        return (mean + tf.exp(log_var / 2) * tf.random.stateless_normal(mean.shape, stream(seed, LATENT, -2))).numpy()


def fit(model, records, labels=None, steps=1500, batch_size=96):
    """Train a compiled `training.Trainable` on float records (n, columns) for ``steps`` steps inside one graph.

    A batch is drawn with replacement, by the model's seed and step. With ``labels`` (n,) in {0, 1} a batch is
    (records, labels).
    """
    checks.whole(1, steps=steps, batch_size=batch_size)
    records = tf.constant(checks.records(records), tf.float32)
    labels = None if labels is None else tf.constant(checks.labels(labels, len(records), (2,)), tf.float32)

    @tf.function
    def run():
        for _ in tf.range(steps):
            seed = stream(model.seed, SHUFFLE, model.step.value)
            places = tf.random.stateless_uniform((batch_size,), seed, 0, len(records), tf.int32)
            chosen = tf.gather(records, places)
            model.train_step(chosen if labels is None else (chosen, tf.gather(labels, places)))

    run()
    if not all(np.isfinite(weight).all() for weight in model.get_weights()):
        raise FloatingPointError("a weight is no longer a finite number; lower the learning rate.")
    return model


# --- tables of mixed columns -----------------------------------------------------------------------------------------

MOST_DECIMALS, MOST_LEVELS = 10, 50  # beyond, fractions are not rounded, and texts are in alphabetical order
ROUNDS = 20  # of drawing what is not known exactly


@dataclasses.dataclass(frozen=True)
class Column:
    """What `FrameScores` keeps of a column, all that JSON can hold: its values without the gaps, sorted, and the rest.

    Texts and flags lie in ``levels``, and ``values`` are places in it. ``decimals`` is None where there are too many.
    """

    name: str
    dtype: str
    levels: list | None
    values: list
    gaps: int
    decimals: int | None = None

    def coded(self, column):
        """Return a pandas column as numbers (n,), NaN for a gap and for a text that was never seen."""
        if self.levels is not None:
            column = column.astype(object).map({level: k for k, level in enumerate(self.levels)})
        return column.to_numpy(np.float64, na_value=np.nan)

    def decoded(self, codes):
        """Return the column of such numbers, in the type that it had."""
        import pandas as pd

        found = pd.Series(codes if self.decimals is None else np.round(codes, self.decimals), name=self.name)
        if self.levels is not None:
            found = found.clip(0, len(self.levels) - 1).map(dict(enumerate(self.levels)))
        return found.astype(self.dtype)


def _described(frame):
    """Return a `Column` for each of a pandas.DataFrame's, texts in the order of the table's first principal axis."""
    import pandas as pd

    names = [name for name in frame if frame[name].nunique() <= MOST_LEVELS or frame[name].dtype.kind in "biuf"]
    x = pd.get_dummies(frame[names], dtype=float).astype(float)
    x = ((x - x.mean()) / x.std().replace(0, 1)).fillna(0)
    axis, columns = np.linalg.svd(x.to_numpy(), full_matrices=False)[0][:, 0], []
    for name in frame:
        given, levels = frame[name].dropna(), None
        if pd.api.types.is_bool_dtype(given) or not pd.api.types.is_numeric_dtype(given):
            levels = sorted(given.unique().tolist(), key=str)
            if name in names:
                levels.sort(key=lambda level, name=name: axis[frame[name] == level].mean())
        column = Column(name, str(frame[name].dtype), levels, [], int(frame[name].isna().sum()))
        values = np.sort(column.coded(given))
        decimals = (d for d in range(MOST_DECIMALS + 1) if (np.round(values, d) == values).all())
        columns.append(dataclasses.replace(column, values=values.tolist(), decimals=next(decimals, None)))
    return columns


class FrameScores:
    """A pandas.DataFrame of mixed columns to normal scores (n, k) and back, with its types, texts and gaps.

    Numbers go the way of `NormalScores`. So do texts and flags, as places in a list, in which texts that go along with
    like rows are neighbours, and so do gaps, as a flag of their own. What is the same in every row has no scores.
    ``columns`` are all that it keeps: a copy is FrameScores(columns=…).
    """

    def __init__(self, frame=None, columns=None, seed=0):
        self.seed, self.columns, self.parts = seed, _described(frame) if columns is None else columns, []
        for k, column in enumerate(self.columns):  # a part is the place of a column, whether its gaps, sorted values
            if column.values and column.values[0] < column.values[-1]:
                self.parts.append((k, False, np.array(column.values)))
            if column.values and column.gaps:
                self.parts.append((k, True, np.repeat([0.0, 1.0], (len(column.values), column.gaps))))
        if not self.parts:
            raise ValueError("received a table whose rows are all the same; expected a column that varies.")
        self.maps = [NormalScores(values[:, None], (seed, j)) for j, (_, _, values) in enumerate(self.parts)]

    def codes(self, frame):
        """Return the numbers (n, k) behind the scores: values, places of texts, 1 for a gap; NaN for other gaps."""
        codes = [column.coded(frame[column.name]) for column in self.columns]
        return np.stack([np.isnan(codes[k]) if gaps else codes[k] for k, gaps, _ in self.parts], axis=1, dtype=float)

    def forward(self, frame):
        """Return the scores (n, k) of a frame with these columns; those of ties and gaps are drawn, see `_drawn`."""
        from scipy.stats import norm

        codes, rng = self.codes(frame), np.random.default_rng(self.seed)
        scores, low, high = rng.normal(size=codes.shape), np.full(codes.shape, -np.inf), np.full(codes.shape, np.inf)
        for j, (_, _, values) in enumerate(self.parts):
            known = np.flatnonzero(np.isfinite(codes[:, j]))
            if len(known):
                given = codes[known, j]
                scores[known, j] = low[known, j] = high[known, j] = self.maps[j].forward(given[:, None])[:, 0]
                ends = np.array([np.searchsorted(values, given, side) for side in ("left", "right")])
                tied = ends[1] - ends[0] > (0 if _discrete(values) else OUTERMOST)
                low[known[tied], j], high[known[tied], j] = norm.ppf(ends[:, tied] / len(values))
        return self._drawn(scores, low, high, rng)

    def back(self, scores):
        """Return the frame of scores (n, k)."""
        import pandas as pd

        scores = checks.records(scores, "scores", 1, len(self.maps))
        codes = [np.full(len(scores), column.values[0] if column.values else np.nan) for column in self.columns]
        for j, (k, gaps, _) in enumerate(self.parts):
            found = self.maps[j].back(scores[:, [j]])[:, 0]
            codes[k] = np.where(found == 1, np.nan, codes[k]) if gaps else found
        return pd.concat([c.decoded(code) for c, code in zip(self.columns, codes, strict=True)], axis=1)

    def _drawn(self, scores, low, high, rng):
        """Return scores (n, k), where ``low`` < ``high`` drawn between them, given their row's other scores.

        A spread of ties in random order would hide a part of what hangs together. Here the order is drawn from the
        Gaussian law that all scores have, which is estimated anew in each round (Hoff 2007). A gap lies anywhere.
        """
        from scipy.stats import norm

        loose, places = low < high, [(k, gaps) for k, gaps, _ in self.parts]
        for _ in range(ROUNDS if loose.any() else 0):
            middle, law = self.moments(scores)
            for j in np.flatnonzero(loose.any(0)):
                own = places[j][0], True  # that it is missing says nothing of a value
                told = [i for i, place in enumerate(places) if place != own and i != j]
                slope = np.linalg.solve(law[np.ix_(told, told)], law[told, j])
                root, rows = np.sqrt(law[j, j] - law[told, j] @ slope), loose[:, j]
                mean = middle[j] + (scores[np.ix_(rows, told)] - middle[told]) @ slope
                least, most = (norm.cdf((end[rows, j] - mean) / root) for end in (low, high))
                found = mean + root * norm.ppf(rng.uniform(least, most))
                scores[rows, j] = found.clip(low[rows, j].clip(-FAR), high[rows, j].clip(None, FAR))
        return scores

    def moments(self, scores):
        """Return mean (k,) and covariance (k, k) of scores (n, k), shrunk as far as held-out rows ask for.

        Mean 0 and variance 1 where every value is known. Those that are missing may lie elsewhere: there both are
        estimated, or the mean alone where values are discrete, whose spread nothing would hold.
        """
        from sklearn.covariance import shrunk_covariance

        scores = checks.records(scores, "scores", 10, len(self.parts))
        law = shrunk_covariance(np.atleast_2d(np.cov(scores, rowvar=False)), _shrinkage(scores))
        known = np.array([gaps or not self.columns[k].gaps for k, gaps, _ in self.parts])
        held = known | np.array([_discrete(values) for *_, values in self.parts])
        unit = np.where(held, law.diagonal(), 1.0) ** -0.5
        return np.where(known, 0.0, scores.mean(0)), law * np.outer(unit, unit)


def _discrete(values):
    """Return whether values (n,) are at most half as many as rows, as in `NormalScores`."""
    return len(np.unique(values)) <= len(values) / 2


def _shrinkage(scores, folds=5):
    """Return the share, of 13, by which a covariance shrinks to make held-out rows the likeliest (cross-validation)."""
    shares, cost = np.logspace(-4, 0, 13)[:, None], 0.0
    for fold in range(folds):
        known, others = np.delete(scores, np.s_[fold::folds], axis=0), scores[fold::folds]
        values, axes = np.linalg.eigh(np.atleast_2d(np.cov(known, rowvar=False)))
        spread = ((1 - shares) * values + shares * values.mean()).clip(1e-12)
        squares = (((others - known.mean(0)) @ axes) ** 2).sum(0)
        cost += len(others) * np.log(spread).sum(1) + (squares / spread).sum(1)
    return float(shares[np.argmin(cost), 0])


class Copula:
    """A Gaussian copula of a table: every column's own law, and one Gaussian law of all normal scores.

    Its ``mean`` (k,) is 0 but where values are missing: they may lie elsewhere than those that are known. ``root``
    (k, k) is the Cholesky root of the covariance; what it turns into scores is normal, or comes from ``vae``, a
    `TableVAE` of one class.
    """

    def __init__(self, scores, mean, root, vae=None):
        self.scores, self.mean, self.root, self.vae = scores, mean, root, vae

    @classmethod
    def fit(cls, frame, seed=0, steps=0):
        """Return the copula of a pandas.DataFrame; where ``steps`` is above 0, with a VAE trained for so many."""
        scores = FrameScores(frame, seed=seed)
        known = scores.forward(frame)
        mean, law = scores.moments(known)
        model = cls(scores, mean, np.linalg.cholesky(law))
        if steps:
            model.vae = TableVAE(len(mean), seed=seed)
            rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
            model.vae.compile(keras.optimizers.AdamW(rate, weight_decay=1e-3))
            fit(model.vae, np.linalg.solve(model.root, (known - mean).T).T, np.zeros(len(known)), steps)
        return model

    def get_weights(self):
        """Return the numbers that were learnt, a list of arrays: those of a VAE come last."""
        return [self.mean, self.root, *([] if self.vae is None else self.vae.get_weights())]

    def sample(self, count, seed=0):
        """Return a frame of ``count`` rows with the columns and types of the first one."""
        checks.whole(1, count=count)
        white = np.random.default_rng(seed).normal(size=(count, len(self.mean)))
        if self.vae is not None:
            white = self.vae.sample(np.zeros(count), seed)
        return self.scores.back(self.mean + white @ self.root.T)


# --- how far off is a table? ------------------------------------------------------------------------------------------


def two_sample_scores(real, synthetic, classifier, folds=5, seed=0):
    """Return out-of-fold scores (n,) of real and (m,) of synthetic records: higher means "looks synthetic".

    Their AUC is ½ where a classifier cannot tell the two, and 1 where it always can (Lopez-Paz and Oquab 2017). Equal
    records share a fold: else the classifier would take a copy for what its twin was, always wrongly.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict

    checks.whole(2, folds=folds)
    real = checks.records(real, "real", folds)
    synthetic = checks.records(synthetic, "synthetic", folds, real.shape[1])
    table, origin = np.vstack([real, synthetic]), np.repeat([0, 1], (len(real), len(synthetic)))
    same = np.unique(table, axis=0, return_inverse=True)[1].ravel()
    different = [len(np.unique(same[origin == k])) for k in (0, 1)]
    if min(different) < folds:
        given = f"{different[0]} and {different[1]} different records"
        raise ValueError(f"received {given}; expected {folds} folds or more.")
    repeated = same.max() + 1 < len(same)
    cut = (StratifiedGroupKFold if repeated else StratifiedKFold)(folds, shuffle=True, random_state=seed)
    options = {"groups": same if repeated else None, "cv": cut, "method": "predict_proba"}
    scores = cross_val_predict(classifier, table, origin, **options)[:, 1]
    return scores[origin == 0], scores[origin == 1]
