"""Claims about training runs, judged over seeds: each shows, does not show, or its opposite shows.

Two models are compared by Welch's t over their seeds: with means m, sample variances s² over n seeds,

    d = m_a − m_b,    e² = s_a²/n_a + s_b²/n_b,    ν = e⁴ / (s_a⁴/(n_a²(n_a − 1)) + s_b⁴/(n_b²(n_b − 1))),

and d/e is compared with Student's t of ν degrees of freedom, on both sides: where the two do not differ, "shows" or
"the opposite shows" is said in a share `level` of repetitions.  What the seeds at hand cannot tell is said so.

The tables are those of `History.table()` and `Results.table()`: one row an epoch, epoch 0 the untrained network.
"""

from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats

from ntkit.arguments import real

SHOWS, DOES_NOT_SHOW, OPPOSITE, UNKNOWN = "shows", "does not show", "the opposite shows", "cannot be told"
_IDENTITY = ("key", "model", "data", "learning_rate", "seed", "fold")
_UNSPREAD = "one seed, or a reading that is not finite, says nothing of the spread."
_WHOLE_EPOCH = 1 / np.sqrt(12)  # standard deviation of what rounding to an epoch hides


@dataclass(frozen=True)
class Verdict:
    """What the runs say of a claim.

    word: "shows", "does not show", "the opposite shows", or "cannot be told" where there are too few seeds.
    difference, standard_error: of the numbers compared, in their unit; nan where they can't be told.  evidence: one
    sentence with the numbers and the seeds behind them.
    """

    claim: str
    word: str
    difference: float
    standard_error: float
    evidence: str

    @property
    def shows(self):
        """Whether the claim shows."""
        return self.word == SHOWS


# --- claims ----------------------------------------------------------------------------------------------------------


def faster(table, a, b, threshold, *, metric="train_accuracy", level=0.05):
    """Whether model a needs fewer epochs than b until `metric` reaches the threshold.

    Compared is the mean of min(epochs needed, T) over seeds, T the last epoch that both have: a run that does not get
    there counts as T, which makes the difference smaller than it is (the restricted mean of survival analysis).
    Epochs are whole, so that no model's standard deviation over seeds is taken for less than 1/√12.

    Parameters: table; a, b, models or their labels; threshold, an accuracy to rise to, or a loss to fall to; metric, a
    column of the table, an accuracy or a loss; level in (0, 0.5), the share of wrong verdicts that is let through.
    Returns: Verdict; "cannot be told" where a model has one seed, or where no run reaches the threshold.
    Raises: ValueError for a model that the table lacks, or has several runs of a seed of.

    >>> import pandas as pd
    >>> rows = [("A", s, e, e / (3 + s)) for s in (0, 1) for e in range(9)]
    >>> rows += [("B", s, e, e / (9 + s)) for s in (0, 1) for e in range(9)]
    >>> table = pd.DataFrame(rows, columns=["model", "seed", "epoch", "train_accuracy"])
    >>> faster(table, "A", "B", 0.5).word
    'shows'
    """
    level = _level(level)
    threshold = real("threshold", threshold, must="be a finite number")
    first, second = _common(table, a, b)
    claim = f"{_label(a)} trains faster than {_label(b)}"
    last = max(max(run.index) for run in (*first, *second))
    times = [np.array([_first_epoch(run[metric], threshold, metric) for run in runs]) for runs in (first, second)]
    goal = f"until a {_words(metric)} of {threshold:.4g}"
    if not any(np.isfinite(some).any() for some in times):
        return _untold(claim, f"no run of either gets there within {last} epochs ({goal}).")
    restricted = [np.minimum(some, last) for some in times]
    found = _difference(*restricted, least_deviation=_WHOLE_EPOCH)
    missing = "".join(
        f"; {np.isinf(some).sum()} of {len(some)} runs of {_label(model)} do not get there in {last} epochs"
        for model, some in zip((a, b), times, strict=True)
        if np.isinf(some).any()
    )
    return _signed(claim, found, -1, level, f"epochs {goal}: {_means(a, b, restricted)}{missing}")


def better(table, a, b, metric="test_accuracy", *, level=0.05):
    """Whether model a ends better than b: with the larger accuracy, or the smaller loss, dot product, condition number.

    Compared are the readings at the last epoch that the runs of both have; a run that diverged earlier counts with its
    last reading.  Parameters, returns and errors as of `faster`.

    >>> import pandas as pd
    >>> rows = [("A", 0, 1, 0.92), ("A", 1, 1, 0.93), ("B", 0, 1, 0.81), ("B", 1, 1, 0.80)]
    >>> verdict = better(pd.DataFrame(rows, columns=["model", "seed", "epoch", "test_accuracy"]), "A", "B")
    >>> verdict.word, round(verdict.difference, 3)
    ('shows', 0.12)
    """
    level, sign = _level(level), _good_direction(metric)
    ends = _ends(table, a, b, metric)
    claim = f"{_label(a)} ends with the {'larger' if sign > 0 else 'smaller'} {_words(metric)} than {_label(b)}"
    return _signed(claim, _difference(*ends), sign, level, f"{_words(metric)} at the end: {_means(a, b, ends)}")


def alike(table, a, b, metric="test_accuracy", *, band, level=0.05):
    """Whether a and b end alike: the difference of their means is smaller than `band`.

    "shows" where the interval of coverage 1 − 2·level around the difference lies in [−band, band] (two one-sided
    tests), "the opposite shows" where it lies outside, "does not show" where an end of the band is in it.

    Parameters: band > 0, in the unit of the metric; the others, returns and errors as of `better`.
    Source: Schuirmann (1987) for the two one-sided tests.

    >>> import pandas as pd
    >>> rows = [("A", 0, 1, 0.915), ("A", 1, 1, 0.914), ("B", 0, 1, 0.913), ("B", 1, 1, 0.912)]
    >>> table = pd.DataFrame(rows, columns=["model", "seed", "epoch", "test_accuracy"])
    >>> alike(table, "A", "B", band=0.01).word, alike(table, "A", "B", band=0.002).word
    ('shows', 'does not show')
    """
    level, band = _level(level), real("band", band, above=0, must="be positive, in the unit of the metric")
    ends = _ends(table, a, b, metric)
    claim = f"{_label(a)} and {_label(b)} end with a {_words(metric)} within {band:.4g} of each other"
    found, numbers = _difference(*ends), f"{_words(metric)} at the end: {_means(a, b, ends)}"
    if found is None:
        return _untold(claim, f"{numbers}; {_UNSPREAD}")
    low, high = found.interval(1 - 2 * level)
    word = SHOWS if -band <= low and high <= band else OPPOSITE if low > band or high < -band else DOES_NOT_SHOW
    return Verdict(claim, word, found.value, found.standard_error, f"{numbers}; {found.words(1 - 2 * level)}.")


def falls_as_rises(table, model, *, place="features", metric="test_accuracy", level=0.05):
    """Whether the mean normalised dot product of a model falls while its accuracy rises.

    Within each run, Spearman's rank correlation of the two over the epochs; over the seeds, whether its mean is
    negative (Student's t).  A run in which one of the two does not move counts as 0.

    Parameters: table; model or its label; place, of the probe; metric, an accuracy; level as of `faster`.
    Returns: Verdict, its difference the mean rank correlation.
    Raises: ValueError for a model or a place that the table lacks.
    Source: Agarwal, Awasthi, Kale (2021), Figure 1.

    >>> import pandas as pd
    >>> rows = [("A", s, e, 0.1 * e, 0.9 - 0.1 * e) for s in (0, 1) for e in range(5)]
    >>> columns = ["model", "seed", "epoch", "test_accuracy", "dot_product features"]
    >>> falls_as_rises(pd.DataFrame(rows, columns=columns), "A").word
    'shows'
    """
    level, column = _level(level), f"dot_product {place}"
    if column not in table:
        raise ValueError(f"place must be one that was measured, {', '.join(_places(table))}; got {place!r}.")
    runs = _runs(table, model)
    ranks = np.array([_rank_correlation(run[column], run[metric]) for run in runs])
    claim = f"in {_label(model)} normalised dot products at {place} fall as the {_words(metric)} rises"
    numbers = (
        f"rank correlation of dot product and {_words(metric)} over the epochs: mean {ranks.mean():.3g} over "
        f"{_seeds(len(ranks))}, {ranks.min():.3g} to {ranks.max():.3g}"
    )
    return _signed(claim, _mean(ranks), -1, level, numbers)


def verdict_table(verdicts):
    """Verdicts as a pandas.DataFrame, one row each.

    >>> verdict_table([Verdict("it rains", "shows", 1.0, 0.1, "seen on 3 days")])["verdict"].tolist()
    ['shows']
    """
    import pandas as pd

    names = {"claim": "claim", "word": "verdict", "difference": "difference", "standard_error": "standard error"}
    rows = [asdict(verdict) for verdict in verdicts]
    return pd.DataFrame(rows, columns=[*names, "evidence"]).rename(columns=names)


def epochs_needed(table, accuracy, *, metric="train_accuracy"):
    """How many epochs each run needs until `metric` reaches an accuracy: a pandas.DataFrame, one row a run.

    Parameters: table; accuracy in (0, 1]; metric, a column of the table.
    Returns: the columns that name the run, `epochs` (the first epoch with at least that accuracy, infinite where there
    is none) and `trained` (the last epoch that there is).

    >>> import pandas as pd
    >>> rows = [("A", 0, e, e / 10) for e in range(11)] + [("B", 0, e, e / 30) for e in range(11)]
    >>> table = pd.DataFrame(rows, columns=["model", "seed", "epoch", "train_accuracy"])
    >>> epochs_needed(table, 0.5)["epochs"].tolist()
    [5.0, inf]
    """
    import pandas as pd

    accuracy = real("accuracy", accuracy, above=0, most=1, must="lie in (0, 1]")
    names = [name for name in _IDENTITY if name in table]
    rows = [
        {
            **dict(zip(names, identity, strict=True)),
            "epochs": _first_epoch(_by_epoch(run)[metric], accuracy, metric),
            "trained": int(run["epoch"].max()),
        }
        for identity, run in table.groupby(names, sort=False)
    ]
    return pd.DataFrame(rows, columns=[*names, "epochs", "trained"])


# --- runs ------------------------------------------------------------------------------------------------------------


def _label(model):
    return getattr(model, "label", model)


def _words(metric):
    return metric.replace("_", " ")


def _seeds(count):
    return f"{count} seed{'s' * (count != 1)}"


def _places(table):
    return [name.removeprefix("dot_product ") for name in table if name.startswith("dot_product ")]


def _runs(table, model):
    """The runs of a model, each with the epochs as its index."""
    label = _label(model)
    rows = table[table["model"] == label]
    if rows.empty:
        raise ValueError(f"the table must have runs of {label!r}; it has {', '.join(table['model'].unique())}.")
    if rows.duplicated(["seed", "epoch"]).any():
        several = [name for name in rows if name in _IDENTITY[2:] and rows.groupby("seed")[name].nunique().max() > 1]
        raise ValueError(
            f"each seed of {label!r} must have one run; the table has several, of different "
            f"{', '.join(several) or 'settings'}. Choose rows first, as table[table['learning_rate'] == 0.01]."
        )
    return [_by_epoch(run) for _, run in rows.groupby("seed")]


def _by_epoch(run):
    return run.set_index("epoch").sort_index()


def _common(table, a, b):
    """The runs of a and of b, cut to the last epoch that all have which did not diverge."""
    runs = [_runs(table, model) for model in (a, b)]
    last = min(max(run.index) for run in _whole([*runs[0], *runs[1]]))
    return [[run.loc[:last] for run in some] for some in runs]


def _whole(runs):
    """Those that did not diverge; all where every one did."""
    return [run for run in runs if "ending" not in run or run["ending"].iloc[-1] != "diverged"] or runs


def _ends(table, a, b, metric):
    return [np.array([run[metric].iloc[-1] for run in runs]) for runs in _common(table, a, b)]


def _first_epoch(values, threshold, metric):
    reached = values <= threshold if _good_direction(metric) < 0 else values >= threshold
    return float(values.index[reached.to_numpy().argmax()]) if reached.any() else np.inf


def _good_direction(metric):
    """1 for what is better large, −1 for what is better small."""
    if metric.endswith("accuracy"):
        return 1
    if metric.endswith("loss") or metric.startswith(("dot_product", "condition_number")):
        return -1
    raise ValueError(
        "metric must be an accuracy, a loss, a dot product or a condition number, of which it is known what is better; "
        f"got {metric!r}."
    )


def _rank_correlation(x, y):
    known = np.isfinite(x) & np.isfinite(y)
    if x[known].nunique() < 2 or y[known].nunique() < 2:
        return 0.0
    return float(stats.spearmanr(x[known], y[known]).statistic)


# --- statistics ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Estimate:
    """A difference, its standard error, and the degrees of freedom of that error."""

    value: float
    standard_error: float
    freedom: float

    def interval(self, coverage):
        reach = float(stats.t.ppf(0.5 + 0.5 * coverage, self.freedom)) * self.standard_error
        return self.value - reach, self.value + reach

    def words(self, coverage):
        low, high = self.interval(coverage)
        return (
            f"difference {self.value:.3g} ± {self.standard_error:.2g}, {coverage:.0%} interval {low:.3g} to {high:.3g}"
        )


def _difference(first, second, least_deviation=0.0):
    """Welch's estimate of the difference of two means; None where a sample does not tell how it spreads."""
    samples = first, second
    if min(map(len, samples)) < 2 or not all(np.isfinite(sample).all() for sample in samples):
        return None
    squares = [max(sample.std(ddof=1), least_deviation) ** 2 / len(sample) for sample in samples]
    total = sum(squares)
    if total == 0:
        return _Estimate(float(first.mean() - second.mean()), 0.0, float(len(first) + len(second) - 2))
    shares = sum((square / total) ** 2 / (len(sample) - 1) for square, sample in zip(squares, samples, strict=True))
    return _Estimate(float(first.mean() - second.mean()), float(np.sqrt(total)), float(1 / shares))


def _mean(sample):
    if len(sample) < 2:
        return None
    return _Estimate(float(sample.mean()), float(sample.std(ddof=1) / np.sqrt(len(sample))), len(sample) - 1.0)


def _signed(claim, found, sign, level, numbers):
    """The verdict on whether a difference has that sign."""
    if found is None:
        return _untold(claim, f"{numbers}; {_UNSPREAD}")
    low, high = found.interval(1 - level)
    word = DOES_NOT_SHOW
    if low > 0 or high < 0:
        word = SHOWS if (low > 0) == (sign > 0) else OPPOSITE
    return Verdict(claim, word, found.value, found.standard_error, f"{numbers}; {found.words(1 - level)}.")


def _untold(claim, evidence):
    return Verdict(claim, UNKNOWN, float("nan"), float("nan"), evidence)


def _means(a, b, samples):
    return " and ".join(
        f"{_label(model)} {sample.mean():.4g} ({_seeds(len(sample))})"
        for model, sample in zip((a, b), samples, strict=True)
    )


def _level(level):
    return real("level", level, above=0, most=np.nextafter(0.5, 0), must="lie in (0, 0.5)")
