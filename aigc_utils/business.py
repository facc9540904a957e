"""From a measured effect to a decision: intervals, sample sizes, looks at a running test, a bandit, and money.

Taught in 12_case_advertising. Rates are shares in [0, 1]; "a" is what is in use today, and "b" what might replace it.
"""

import dataclasses
import keyword
import operator
import warnings
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
    if any((count % 1).any() for count in counts):
        raise ValueError("received counts that are not whole; expected numbers of people: 30 of 1,000, not 0.03 of 1.")
    checks.shares(confidence=confidence)
    found = confint_proportions_2indep(b, n_b, a, n_a, method="newcomb", compare="diff", alpha=1 - confidence)
    least, most = np.clip(found, -1, 1)  # rounding may lead 2e-16 beyond
    return (float(least), float(most)) if np.ndim(least) == 0 else (least, most)


def bootstrap_interval(a, b, statistic=np.mean, confidence=0.95, resamples=2000, seed=0):
    """Return (least, most) of statistic(b) − statistic(a) for two independent samples (n,) and (m,) of any unit.

    By `scipy.stats.bootstrap`; ``statistic`` takes ``axis``. Bias-corrected and accelerated (Efron 1987) for up to
    2,000 values on a side; beyond, where that would need n² of them and hardly differs, and where the correction is
    not defined (all values alike), plain percentiles.
    """
    from scipy.stats import bootstrap

    samples = [checks.numbers(sample, name, least=2) for sample, name in ((a, "sample a"), (b, "sample b"))]
    checks.shares(confidence=confidence)
    checks.whole(2, resamples=resamples)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy's, about samples whose values are all alike: see below
        found = bootstrap(
            samples,
            lambda x, y, axis: statistic(y, axis=axis) - statistic(x, axis=axis),
            confidence_level=confidence,
            n_resamples=resamples,
            method="BCa" if max(map(len, samples)) <= MOST_ACCELERATED else "percentile",
            batch=max(1, 2_000_000 // max(map(len, samples))),
            rng=np.random.default_rng(seed),
        )
    ends = np.array(found.confidence_interval)
    if np.isnan(ends).any():
        ends = np.quantile(found.bootstrap_distribution, ((1 - confidence) / 2, (1 + confidence) / 2))
    if not np.isfinite(ends).all():
        raise ValueError(f"received a statistic that is {ends} on resamples; expected one that is always finite.")
    return float(ends[0]), float(ends[1])


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
    ends = np.array([binom.ppf((5e-8, 1 - 5e-8), visitors, rate) for rate in (rate_a, rate_b)])
    if np.prod(ends[:, 1] - ends[:, 0] + 1) > MOST_CELLS:
        return float(power_proportions_2indep(rate_b - rate_a, rate_a, visitors, alpha=alpha, return_results=False))
    counts = [np.arange(least, most + 1) for least, most in ends]
    least, most = difference_interval(counts[0][:, None], visitors, counts[1], visitors, 1 - alpha)
    weights = binom.pmf(counts[0], visitors, rate_a)[:, None] * binom.pmf(counts[1], visitors, rate_b)
    return float(np.sum(weights * ((least > 0) | (most < 0))))


def sample_size(rate_a, rate_b, target=0.8, alpha=0.05):
    """Return the least number of visitors on each side from which on `power` is at least ``target``.

    Exact power is a saw-tooth: one visitor more can lower it, so the first size that reaches the target is followed
    by some that do not. Sought is the last size below it, among 400 sizes up to two or more times statsmodels'
    approximation (ten where that exceeds 4,000), and then between that size and the next of them.
    """
    from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

    checks.shares(rate_a=rate_a, rate_b=rate_b, target=target, alpha=alpha)
    if abs(rate_a - rate_b) < 1e-6 or not alpha < target < 0.999999:
        raise ValueError(
            f"received rates {rate_a} and {rate_b}, target {target}; expected two different rates, 1e-6 apart or "
            f"more, and a target between alpha = {alpha} and 0.999999."
        )
    first = samplesize_proportions_2indep_onetail(abs(rate_b - rate_a), min(rate_a, rate_b), target, alpha=alpha / 2)
    below, enough = 1, 2 * max(10, int(np.ceil(first)))
    while power(rate_a, rate_b, enough, alpha) < target:
        enough *= 2
    while enough - below > 1:
        sizes = np.unique(np.linspace(below, enough, 401 if enough < 4000 else 11).astype(int))
        short = [k for k, size in enumerate(sizes[1:-1], 1) if power(rate_a, rate_b, int(size), alpha) < target]
        last = max(short, default=0)
        below, enough = int(sizes[last]), int(sizes[last + 1])
    return enough


# --- looking before the end ------------------------------------------------------------------------------------------


CLOSEST = 1e-6  # share of the planned visitors: two looks nearer to each other are one

FARTHEST = 38  # standard deviations: the normal law's tail beyond is no longer a number


def _looks(fractions):
    fractions = np.asarray(fractions, float)
    rising = fractions.ndim == 1 and len(fractions) > 0 and (np.diff(fractions, prepend=0) >= CLOSEST).all()
    if not rising or fractions[-1] > 1:
        raise ValueError(
            f"received looks at {fractions}; expected rising shares of the planned visitors, up to 1, {CLOSEST} or "
            "more apart."
        )
    return fractions


def _leaving(state, step, bound):
    """Return the probability that a path which has not left before leaves ±bound in a step of a Brownian motion."""
    from scipy.special import ndtr

    nodes, mass = state
    return np.sum(mass * (ndtr((nodes - bound) / step) + ndtr((-bound - nodes) / step)))


def _staying(state, step, bound, scale):
    """Return the state after that step: places within ±bound, and the probability at each.

    The places are Gauss-Legendre nodes, sixteen on every panel. A panel is at most four times ``scale`` wide, the
    shorter one of this step and the next: what a path does in a step changes over that length.
    """
    nodes, mass = state
    grid, weights = np.polynomial.legendre.leggauss(16)
    half = bound / np.ceil(bound / (2 * scale))
    middles = np.arange(half - bound, bound, 2 * half)
    places, density = middles[:, None] + half * grid, []
    for panel in places:  # only the nodes that a step can come from
        near = slice(*np.searchsorted(nodes, (panel[0] - FARTHEST * step, panel[-1] + FARTHEST * step)))
        density.append(np.exp(-0.5 * ((panel[:, None] - nodes[near]) / step) ** 2) @ mass[near])
    return places.ravel(), (half * weights * np.array(density)).ravel() / (step * np.sqrt(2 * np.pi))


def _walk(fractions, next_bound):
    """Return the bounds (z-values) and the probability of leaving at each look; ``next_bound(k, leaving)`` sets one.

    Recursive integration over the path (Armitage, McPherson and Rowe 1969; Jennison and Turnbull 2000, chapter 19).
    """
    steps, state, bounds, found = np.sqrt(np.diff(fractions, prepend=0)), (np.zeros(1), np.ones(1)), [], []
    for k, (step, root) in enumerate(zip(steps, np.sqrt(fractions), strict=True)):
        bounds.append(next_bound(k, lambda z, state=state, step=step, root=root: _leaving(state, step, z * root)))
        found.append(_leaving(state, step, bounds[-1] * root))
        state = _staying(state, step, min(bounds[-1], FARTHEST) * root, min(steps[k : k + 2]))
    return np.array(bounds), np.array(found)


def false_alarms(bounds, fractions):
    """Return the probability (looks,) that |z| has reached its bound by each look although there is no effect.

    ``bounds`` (looks,) are z-values (infinite: that look stops nothing), ``fractions`` (looks,) the shares of the
    planned visitors at the looks, rising.
    """
    fractions, bounds = _looks(fractions), np.asarray(bounds, float)
    if bounds.shape != fractions.shape or not (bounds > 0).all():
        raise ValueError(f"received bounds {bounds} for {len(fractions)} looks; expected one z-value above 0 for each.")
    return np.cumsum(_walk(fractions, lambda k, leaving: bounds[k])[1])


def sequential_bounds(fractions, alpha=0.05, spending="obrien-fleming"):
    """Return the z-values (looks,) that |z| must reach at each look so that ``alpha`` false alarms are made in all.

    Alpha spending (Lan and DeMets 1983): by the share t of the planned visitors, each side has spent half of ``alpha``
    times its share: "obrien-fleming" 2 − 2Φ(z_{α/4}/√t), hardly anything early; "pocock" α/2·ln(1 + (e − 1)t). A look
    at which nothing may be spent yet (below 1e-300) has the bound infinity.
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
    due = np.diff(kinds[spending](fractions), prepend=0)

    def bound(k, leaving):
        if due[k] < 1e-300:
            return np.inf
        return brentq(lambda z: np.log(max(leaving(z), 1e-310)) - np.log(due[k]), 1e-12, FARTHEST - 1)

    return _walk(fractions, bound)[0]


# --- a bandit --------------------------------------------------------------------------------------------------------


def bandit(rates, visitors, policy="thompson", batch=20, repeats=100, seed=0):
    """Return (regret, shown) of a simulated audience: (repeats, rounds) hits lost so far, (repeats, rounds, arms).

    ``rates`` (arms,) are the true rates, 0 to 1. Visitors come in rounds of ``batch``, the last of which may be
    smaller; between rounds the policy learns.
    "thompson" shows each visitor the arm whose rate, drawn from its Beta(1 + hits, 1 + misses), is largest (Thompson
    1933); "split" shows all arms alike. Regret counts expected hits: what always showing the best arm would bring more.
    """
    rates = checks.numbers(rates, "rates", least=2)
    checks.whole(1, visitors=visitors, batch=batch, repeats=repeats)
    if not ((rates >= 0) & (rates <= 1)).all() or policy not in ("thompson", "split"):
        raise ValueError(f"received rates {rates}, policy={policy!r}; expected shares 0 to 1, and thompson or split.")
    rng, sizes = np.random.default_rng(seed), np.diff([*range(0, visitors, batch), visitors])
    hits, misses = np.zeros((2, repeats, len(rates)))
    shown = np.zeros((repeats, len(sizes), len(rates)), int)
    for k, size in enumerate(sizes):
        if policy == "thompson":
            drawn = rng.beta(1 + hits[:, None], 1 + misses[:, None], (repeats, size, len(rates)))
        else:
            drawn = rng.random((repeats, size, len(rates)))
        shown[:, k] = (drawn == drawn.max(-1, keepdims=True)).sum(1)
        found = rng.binomial(shown[:, k], rates)
        hits, misses = hits + found, misses + shown[:, k] - found
    return np.cumsum(shown @ (rates.max() - rates), axis=1), shown


# --- money -----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Assumption:
    """A number that nobody knows exactly: low, likely and high, its unit, and where it comes from.

    ``law`` "triangular" takes low and high for the outermost values. "normal" takes them for the ends of a 95 %
    interval about ``likely``, as a measurement gives them; values beyond are drawn too, below 0 where it holds 0.
    """

    name: str
    unit: str
    low: float
    likely: float
    high: float
    source: str
    law: str = "triangular"

    def __post_init__(self):
        if not (np.isfinite([self.low, self.high]).all() and self.low <= self.likely <= self.high):
            raise ValueError(
                f"{self.name}: received {self.low}, {self.likely}, {self.high}; expected low <= likely <= high."
            )
        named = self.name.isidentifier() and not keyword.iskeyword(self.name)
        if not (named and self.unit.strip() and self.source.strip() and self.law in ("triangular", "normal")):
            raise ValueError(
                f"received assumption {self.name!r}, unit {self.unit!r}, source {self.source!r}, law {self.law!r}; "
                "expected a name that can be an argument (no keyword), a unit, a source, and triangular or normal."
            )

    def draw(self, count, seed=0):
        """Return ``count`` draws of the law; they depend on the name and the seed alone."""
        checks.whole(1, count=count)
        rng = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        if self.low == self.high:
            return np.full(count, float(self.low))
        if self.law == "normal":
            return rng.normal(self.likely, (self.high - self.low) / (2 * 1.959964), count)
        return rng.triangular(self.low, self.likely, self.high, count)


def _results(model, values):
    """Return what ``model`` makes of values {name: numbers}, or raise ValueError where that is no finite number."""
    found = np.asarray(model(**values), float)
    if not np.isfinite(found).all():
        raise ValueError("received NaN or infinity from the model; look for a division by 0 within the assumptions.")
    return found


def _named_once(assumptions):
    names = [a.name for a in assumptions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not names:
        raise ValueError(f"received {', '.join(twice) or 'nothing'} more than once; expected every assumption once.")


def monte_carlo(model, assumptions, draws=10_000, seed=0):
    """Return the results (draws,) of ``model(name=value, …)``, which takes arrays, with all assumptions drawn."""
    _named_once(assumptions)
    return np.broadcast_to(_results(model, {a.name: a.draw(draws, seed) for a in assumptions}), (draws,))


def tornado(model, assumptions):
    """Return a table with a row for each assumption: the result with it low and high, the others likely.

    The widest swing is the first row. Columns: name, unit, low, high (the inputs), result_low, result_high, swing. The
    swing is the spread of the results at low, likely and high: a model that bends back has one too.
    """
    import pandas as pd

    _named_once(assumptions)
    likely, rows = {a.name: a.likely for a in assumptions}, []
    for a in assumptions:
        low, middle, high = (float(_results(model, {**likely, a.name: v})) for v in (a.low, a.likely, a.high))
        rows.append((a.name, a.unit, a.low, a.high, low, high, max(low, middle, high) - min(low, middle, high)))
    columns = ["name", "unit", "low", "high", "result_low", "result_high", "swing"]
    return pd.DataFrame(rows, columns=columns).sort_values("swing", ascending=False, ignore_index=True)


def present_value(flows, rate):
    """Return Σ flows[t] / (1 + rate)ᵗ over the years t = 0, 1, …; ``rate`` a share a year."""
    if not np.all(np.asarray(rate, float) > -1) or not all(np.isfinite(flow).all() for flow in flows):
        raise ValueError(f"received rate = {rate}, flows {flows}; expected a share a year above -1, and finite flows.")
    return sum(flow / (1 + rate) ** year for year, flow in enumerate(flows))


# --- the rule of a case ----------------------------------------------------------------------------------------------

DATA = ("simulated", "held out", "real")  # each is at least as good as those before it

BOUNDS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


@dataclasses.dataclass(frozen=True)
class Condition:
    """One condition of a `Rule`: a sentence, the bound that decides, and whose data it must be measured on.

    ``bound`` is ">=", "<=", ">" or "<", and ``threshold`` a number in the measured quantity's own unit. ``data`` is
    "real" (people or records met in use), "held out" (real records kept from training) or "simulated" (drawn from
    typed-in numbers).
    """

    sentence: str
    bound: str
    threshold: float
    data: str

    def __post_init__(self):
        if self.bound not in BOUNDS or self.data not in DATA or not np.isfinite(self.threshold):
            raise ValueError(
                f"received bound {self.bound!r}, threshold {self.threshold}, data {self.data!r}; expected one of "
                f"{' '.join(BOUNDS)}, a finite number, and one of {', '.join(DATA)}."
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
    """A decision rule, declared before anything is measured and never changed: "yes" where every condition holds.

    ``Rule(question, name=Condition(…), …)``. `apply` takes a `Measured` for each name and returns the `Verdict`: "no"
    if a condition fails on data as good as it asks for, else "not decidable" if one has only weaker data or none.
    """

    def __init__(self, question, **conditions):
        if not question.strip() or not conditions:
            raise ValueError("received no question or no condition; expected Rule(question, name=Condition(…), …).")
        if not all(isinstance(c, Condition) for c in conditions.values()):
            raise ValueError("received a condition of another kind; expected name=business.Condition(…).")
        self.__dict__.update(question=question, _conditions=tuple(conditions.items()))

    def __setattr__(self, name, value):
        raise AttributeError(f"received a new {name}; a rule is not changed once it is declared: declare another.")

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
        names = list(self.conditions)
        unknown = [name for name, m in measured.items() if name not in names or not isinstance(m, Measured)]
        if unknown:
            raise ValueError(f"received {', '.join(unknown)}; expected a Measured for any of {', '.join(names)}.")
        found = [_judge(k, c, measured.get(name)) for k, (name, c) in enumerate(self._conditions, start=1)]
        states = {state for state, _ in found}
        answer = next((a for a in ("no", "not decidable") if a in states), "yes")
        return Verdict(answer, tuple(reason for _, reason in found))


def _judge(number, condition, measured):
    """Return (state, sentence) of one condition."""
    if measured is None:
        return "not decidable", f"{number}. not decidable: {condition.sentence} (not measured on {condition.data} data)"
    shown = f"{measured.value:.4g} on {measured.data} data, asked {condition.bound} {condition.threshold:g}"
    if DATA.index(measured.data) < DATA.index(condition.data):
        return "not decidable", (
            f"{number}. not decidable: {condition.sentence} (asks for {condition.data} data; measured {shown})"
        )
    state = "yes" if BOUNDS[condition.bound](measured.value, condition.threshold) else "no"
    return state, f"{number}. {'holds' if state == 'yes' else 'fails'}: {condition.sentence} (measured {shown})"
