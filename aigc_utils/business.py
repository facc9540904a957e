"""From a measured effect to a decision: intervals, sample sizes, looks at a running test, a bandit, and money.

Taught in 12_case_advertising. Rates are shares in [0, 1]; "a" is what is in use today, and "b" what might replace it.
"""

import dataclasses
import functools
import zlib

from aigc_utils import checks

import numpy as np

MOST_CELLS = 2_000_000  # pairs of results that `power` adds up; beyond it the normal approximation is as good

MOST_ACCELERATED = 2000  # values: the acceleration leaves out each of them in turn


# --- one experiment --------------------------------------------------------------------------------------------------


def difference_interval(hits_a, visitors_a, hits_b, visitors_b, confidence=0.95):
    """Return (least, most) of the difference rate_b − rate_a that two counts agree with, shares in [-1, 1].

    Newcombe's hybrid of two Wilson intervals (Newcombe 1998, method 10; statsmodels' "newcomb"), which keeps its
    promise for small rates too. All counts may be arrays of one shape.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    counts = [np.asarray(count, float) for count in (hits_a, visitors_a, hits_b, visitors_b)]
    if not all(np.isfinite(count).all() and count.size for count in counts):
        raise ValueError("received no counts, or NaN among them; expected the hits and the visitors of both sides.")
    a, n_a, b, n_b = (np.array(count) for count in np.broadcast_arrays(*counts))  # statsmodels wants its own
    if (n_a < 1).any() or (n_b < 1).any() or (a < 0).any() or (b < 0).any() or (a > n_a).any() or (b > n_b).any():
        raise ValueError("received more hits than visitors, or a negative count; expected 0 <= hits <= visitors.")
    checks.shares(confidence=confidence)
    least, most = confint_proportions_2indep(b, n_b, a, n_a, method="newcomb", compare="diff", alpha=1 - confidence)
    return (float(least), float(most)) if np.ndim(least) == 0 else (least, most)


def bootstrap_interval(a, b, statistic=np.mean, confidence=0.95, resamples=2000, seed=0):
    """Return (least, most) of statistic(b) − statistic(a) for two independent samples (n,) and (m,) of any unit.

    By `scipy.stats.bootstrap`; ``statistic`` takes ``axis``. Bias-corrected and accelerated (Efron 1987) for up to
    2,000 values on a side; beyond, where that would need n² of them and hardly differs, plain percentiles.
    """
    from scipy.stats import bootstrap

    samples = [np.asarray(sample, float) for sample in (a, b)]
    if any(sample.ndim != 1 or len(sample) < 2 or not np.isfinite(sample).all() for sample in samples):
        shapes = " and ".join(str(sample.shape) for sample in samples)
        raise ValueError(f"received samples of shapes {shapes}; expected (n,) and (m,), two finite numbers or more.")
    found = bootstrap(
        samples,
        lambda x, y, axis: statistic(y, axis=axis) - statistic(x, axis=axis),
        confidence_level=confidence,
        n_resamples=resamples,
        method="BCa" if max(map(len, samples)) <= MOST_ACCELERATED else "percentile",
        batch=max(1, 2_000_000 // max(map(len, samples))),
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def power(rate_a, rate_b, visitors, alpha=0.05):
    """Return the probability that `difference_interval` excludes 0 with ``visitors`` on each side, in [0, 1].

    Exact: every pair of counts that two binomial laws give (all but 1e-7 of each) is asked for its interval, so it
    holds where a rate of 0.1 % leaves the normal approximation behind. Where the pairs are too many, that
    approximation is used (statsmodels' ``power_proportions_2indep``).
    """
    from scipy.stats import binom
    from statsmodels.stats.proportion import power_proportions_2indep

    checks.shares(rate_a=rate_a, rate_b=rate_b, alpha=alpha)
    checks.whole(2, visitors=visitors)
    ends = [binom.ppf((5e-8, 1 - 5e-8), visitors, rate) for rate in (rate_a, rate_b)]
    counts = [np.arange(least, most + 1) for least, most in ends]
    if len(counts[0]) * len(counts[1]) > MOST_CELLS:
        return float(power_proportions_2indep(rate_b - rate_a, rate_a, visitors, alpha=alpha, return_results=False))
    least, most = difference_interval(counts[0][:, None], visitors, counts[1], visitors, 1 - alpha)
    weights = binom.pmf(counts[0], visitors, rate_a)[:, None] * binom.pmf(counts[1], visitors, rate_b)
    return float(np.sum(weights * ((least > 0) | (most < 0))))


def sample_size(rate_a, rate_b, target=0.8, alpha=0.05):
    """Return the visitors on each side with which `power` is ``target`` to half a point: how long a test must run.

    Begins at statsmodels' approximate size and follows the exact power from there.
    """
    from scipy.stats import norm
    from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

    checks.shares(rate_a=rate_a, rate_b=rate_b, target=target, alpha=alpha)
    if rate_a == rate_b or target <= alpha:
        raise ValueError(
            f"received rates {rate_a} and {rate_b}, target {target}; expected two different rates and a target above "
            f"alpha = {alpha}: no number of visitors shows a difference that is not there."
        )
    first = samplesize_proportions_2indep_onetail(abs(rate_b - rate_a), min(rate_a, rate_b), target, alpha=alpha / 2)
    visitors, z = max(2, int(np.ceil(first))), norm.ppf(1 - alpha / 2)
    for _ in range(20):
        found = power(rate_a, rate_b, visitors, alpha)
        if target <= found < target + 0.005:
            break
        ratio = (z + norm.ppf(target + 0.002)) / (z + norm.ppf(np.clip(found, 1e-3, 0.9999)))
        visitors = max(2, int(np.ceil(visitors * ratio**2)) + (ratio == 1))
    return visitors


# --- looking before the end ------------------------------------------------------------------------------------------


def _looks(fractions):
    fractions = np.asarray(fractions, float)
    rising = fractions.ndim == 1 and len(fractions) > 0 and (np.diff(fractions, prepend=0) > 0).all()
    if not rising or fractions[-1] > 1:
        raise ValueError(f"received looks at {fractions}; expected rising shares of the planned visitors, up to 1.")
    return fractions


def _leaving(state, step, bound):
    """Return the probability that a path which has not left before leaves ±bound in a step of a Brownian motion."""
    from scipy.special import ndtr

    nodes, mass = state
    return np.sum(mass * (ndtr((nodes - bound) / step) + ndtr((-bound - nodes) / step)))


@functools.cache
def _gauss_legendre():
    return np.polynomial.legendre.leggauss(160)


def _staying(state, step, bound):
    """Return the state after that step: places within ±bound (Gauss-Legendre nodes), and the probability at each."""
    nodes, mass = state
    grid, weights = _gauss_legendre()
    density = np.exp(-0.5 * ((bound * grid[:, None] - nodes) / step) ** 2) @ mass / (step * np.sqrt(2 * np.pi))
    return bound * grid, bound * weights * density


def false_alarms(bounds, fractions):
    """Return the probability (looks,) that |z| has reached its bound by each look although there is no effect.

    ``bounds`` (looks,) are z-values, ``fractions`` (looks,) the shares of the planned visitors at the looks. By
    recursive integration over the path (Armitage, McPherson and Rowe 1969; Jennison and Turnbull 2000, chapter 19).
    """
    fractions, bounds = _looks(fractions), np.asarray(bounds, float)
    if bounds.shape != fractions.shape or not (bounds > 0).all():
        raise ValueError(f"received bounds {bounds} for {len(fractions)} looks; expected one z-value above 0 for each.")
    state, found = (np.zeros(1), np.ones(1)), []
    for step, bound in zip(np.sqrt(np.diff(fractions, prepend=0)), bounds * np.sqrt(fractions), strict=True):
        found.append(_leaving(state, step, bound))
        state = _staying(state, step, bound)
    return np.cumsum(found)


def _overspent(z, state, step, root, due):
    return _leaving(state, step, z * root) - due


def sequential_bounds(fractions, alpha=0.05, spending="obrien-fleming"):
    """Return the z-values (looks,) that |z| must reach at each look so that ``alpha`` false alarms are made in all.

    Alpha spending (Lan and DeMets 1983): by the share t of the planned visitors, each side has spent half of ``alpha``
    times its share: "obrien-fleming" 2 − 2Φ(z_{α/4}/√t), hardly anything early; "pocock" α/2·ln(1 + (e − 1)t).
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    fractions = _looks(fractions)
    checks.shares(alpha=alpha)
    kinds = {
        "obrien-fleming": lambda t: 4 * norm.sf(norm.isf(alpha / 4) / np.sqrt(t)),
        "pocock": lambda t: alpha * np.log(1 + (np.e - 1) * t),
    }
    if spending not in kinds:
        raise ValueError(f"received spending={spending!r}; expected one of {', '.join(kinds)}.")
    state, spent, bounds = (np.zeros(1), np.ones(1)), 0.0, []
    for step, fraction in zip(np.sqrt(np.diff(fractions, prepend=0)), fractions, strict=True):
        due, root = max(kinds[spending](fraction) - spent, 1e-15), np.sqrt(fraction)
        bounds.append(brentq(_overspent, 0.1, 9, args=(state, step, root, due)))
        spent += _leaving(state, step, bounds[-1] * root)
        state = _staying(state, step, bounds[-1] * root)
    return np.array(bounds)


# --- a bandit --------------------------------------------------------------------------------------------------------


def bandit(rates, visitors, policy="thompson", batch=20, repeats=100, seed=0):
    """Return (regret, shown) of a simulated audience: (repeats, rounds) hits lost so far, (repeats, rounds, arms).

    ``rates`` (arms,) are the true rates. Visitors come in rounds of ``batch``, between which the policy learns.
    "thompson" shows each visitor the arm whose rate, drawn from its Beta(1 + hits, 1 + misses), is largest (Thompson
    1933); "split" shows all arms alike. Regret counts expected hits: what always showing the best arm would bring more.
    """
    rates = np.asarray(rates, float)
    checks.shares(rates=rates)
    checks.whole(1, visitors=visitors, batch=batch, repeats=repeats)
    if rates.ndim != 1 or len(rates) < 2 or policy not in ("thompson", "split"):
        raise ValueError(
            f"received {rates.shape} rates, policy={policy!r}; expected two rates or more, and thompson or split."
        )
    rng, rounds = np.random.default_rng(seed), visitors // batch
    hits, misses = np.zeros((2, repeats, len(rates)))
    shown = np.zeros((repeats, rounds, len(rates)), int)
    for k in range(rounds):
        if policy == "thompson":
            drawn = rng.beta(1 + hits[:, None], 1 + misses[:, None], (repeats, batch, len(rates)))
        else:
            drawn = rng.random((repeats, batch, len(rates)))
        shown[:, k] = (drawn == drawn.max(-1, keepdims=True)).sum(1)
        found = rng.binomial(shown[:, k], rates)
        hits, misses = hits + found, misses + shown[:, k] - found
    return np.cumsum(shown @ (rates.max() - rates), axis=1), shown


# --- money -----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Assumption:
    """A number that nobody knows exactly: low, likely and high, its unit, and where it comes from."""

    name: str
    unit: str
    low: float
    likely: float
    high: float
    source: str

    def __post_init__(self):
        if not (np.isfinite([self.low, self.high]).all() and self.low <= self.likely <= self.high):
            raise ValueError(
                f"{self.name}: received {self.low}, {self.likely}, {self.high}; expected low <= likely <= high."
            )
        if not (self.name.isidentifier() and self.unit and self.source):
            raise ValueError(f"assumption {self.name!r} needs a name that is an identifier, a unit and a source.")

    def draw(self, count, seed=0):
        """Return ``count`` draws of the triangular law; they depend on the name and the seed alone."""
        rng = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        return (
            rng.triangular(self.low, self.likely, self.high, count)
            if self.low < self.high
            else np.full(count, self.low)
        )


def monte_carlo(model, assumptions, draws=10_000, seed=0):
    """Return the results (draws,) of ``model(name=value, …)``, which takes arrays, with all assumptions drawn."""
    return np.broadcast_to(model(**{a.name: a.draw(draws, seed) for a in assumptions}), (draws,))


def tornado(model, assumptions):
    """Return a table with a row for each assumption: the result with it low and high, the others likely.

    The widest swing stands first. Columns: name, unit, low, high (the inputs), result_low, result_high, swing.
    """
    import pandas as pd

    likely, rows = {a.name: a.likely for a in assumptions}, []
    for a in assumptions:
        ends = [float(model(**{**likely, a.name: value})) for value in (a.low, a.high)]
        rows.append((a.name, a.unit, a.low, a.high, *ends, abs(ends[1] - ends[0])))
    columns = ["name", "unit", "low", "high", "result_low", "result_high", "swing"]
    return pd.DataFrame(rows, columns=columns).sort_values("swing", ascending=False, ignore_index=True)


def present_value(flows, rate):
    """Return Σ flows[t] / (1 + rate)ᵗ over the years t = 0, 1, …; ``rate`` a share a year."""
    if not np.all(np.asarray(rate, float) > -1):
        raise ValueError(f"received rate = {rate}; expected a share a year above -1, for example 0.08.")
    return sum(flow / (1 + rate) ** year for year, flow in enumerate(flows))


# --- the rule of a case ----------------------------------------------------------------------------------------------

DATA = ("simulated", "held out", "real")  # each is at least as good as those before it


@dataclasses.dataclass(frozen=True)
class Condition:
    """One condition of a `Rule`: a sentence, the bound that decides, and whose data it must be measured on.

    ``bound`` is ">=" or "<=" and ``threshold`` a number in the measured quantity's own unit. ``data`` is "real" (people
    or records met in use), "held out" (real records kept from training) or "simulated" (drawn from typed-in numbers).
    """

    sentence: str
    bound: str
    threshold: float
    data: str

    def __post_init__(self):
        if self.bound not in (">=", "<=") or self.data not in DATA or not np.isfinite(self.threshold):
            raise ValueError(
                f"received bound {self.bound!r}, threshold {self.threshold}, data {self.data!r}; expected '>=' or "
                f"'<=', a finite number, and one of {', '.join(DATA)}."
            )
        if not self.sentence.strip():
            raise ValueError("received a condition without a sentence; expected what is asked for, in words.")


@dataclasses.dataclass(frozen=True)
class Measured:
    """A measured value for one `Condition`, and the data that it was measured on: one of ``DATA``."""

    value: float
    data: str

    def __post_init__(self):
        if self.data not in DATA or not np.isfinite(self.value):
            raise ValueError(f"received {self.value} on {self.data!r} data; expected a number, and one of {DATA}.")


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a `Rule` says: ``answer`` is "yes", "no" or "not decidable"; ``reasons`` is a sentence a condition."""

    answer: str
    reasons: tuple[str, ...]

    def __str__(self):
        return "\n".join([*self.reasons, f"Verdict: {self.answer}."])


class Rule:
    """A decision rule, declared before anything is measured: "yes" where every condition holds.

    ``Rule(question, name=Condition(…), …)``. `apply` takes a `Measured` for each name and returns the `Verdict`: "no"
    if a condition fails on data as good as it asks for, else "not decidable" if one has only weaker data or none.
    """

    def __init__(self, question, **conditions):
        if not conditions or not all(isinstance(c, Condition) for c in conditions.values()):
            raise ValueError("received no conditions; expected name=business.Condition(…), one or more.")
        self.question, self._conditions = question, tuple(conditions.items())

    @property
    def conditions(self):
        """The conditions by name, a copy."""
        return dict(self._conditions)

    def __str__(self):
        lines = [
            f"{k}. {c.sentence} ({name} {c.bound} {c.threshold:g}, on {c.data} data)"
            for k, (name, c) in enumerate(self._conditions, start=1)
        ]
        return "\n".join([self.question, *lines])

    def apply(self, **measured):
        """Return the `Verdict` on measured values, each called like its condition."""
        unknown = sorted(set(measured) - {name for name, _ in self._conditions})
        if unknown or not all(isinstance(m, Measured) for m in measured.values()):
            raise ValueError(f"received {unknown or 'bare numbers'}; expected a Measured for {self.conditions.keys()}.")
        found = [_judge(k, c, measured.get(name)) for k, (name, c) in enumerate(self._conditions, start=1)]
        states = {state for state, _ in found}
        answer = next((a for a in ("no", "not decidable") if a in states), "yes")
        return Verdict(answer, tuple(reason for _, reason in found))


def _judge(number, condition, measured):
    """Return (state, sentence) of one condition."""
    if measured is None:
        return "not decidable", f"{number}. not decidable: was not measured. {condition.sentence}"
    holds = measured.value >= condition.threshold if condition.bound == ">=" else measured.value <= condition.threshold
    shown = f"measured {measured.value:.4g}, asked {condition.bound} {condition.threshold:g}. {condition.sentence}"
    if DATA.index(measured.data) < DATA.index(condition.data):
        return "not decidable", f"{number}. not decidable: asks for {condition.data} data, has {measured.data}; {shown}"
    return ("yes", f"{number}. holds: {shown}") if holds else ("no", f"{number}. fails: {shown}")
