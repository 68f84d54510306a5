"""The learning rate of a recipe chosen by cross-validation, without a look at the test images.

The training images are parted into k folds of equal shares of each class.  For each rate η the network is trained k
times, each time without one fold, and a(η) is the mean over folds and seeds of its accuracy on the fold left out after
the last epoch; with n such accuracies of variance s², the standard error of that mean is s/√n.  A run that diverged
counts as accuracy 0, so that no rate is chosen for being no worse than a guess.  Chosen is the η with the largest a(η).
"""

import tempfile
from dataclasses import dataclass, replace

import numpy as np

from ntkit.arguments import real, whole
from ntkit.experiments.model import Model
from ntkit.experiments.results import Results
from ntkit.experiments.sweeps import grid, sweep


@dataclass(frozen=True, eq=False)
class LearningRates:
    """How a model does with each learning rate, on images that it was not trained on.

    learning_rates: (r,), rising.  accuracy: (r,), mean over folds and seeds after the last epoch, in [0, 1]; a run that
    diverged counts as 0.  standard_error: (r,), of that mean, nan for a single run; folds share training images, so
    that it is somewhat too small.  diverged: (r,), how many runs did.  results: the Results of the runs behind it.
    """

    model: Model
    learning_rates: np.ndarray
    accuracy: np.ndarray
    standard_error: np.ndarray
    diverged: np.ndarray
    results: Results

    @property
    def best(self):
        """The learning rate with the largest mean accuracy; of equal ones the smallest."""
        return float(self.learning_rates[np.argmax(self.accuracy)])

    @property
    def at_edge(self):
        """Whether the best is the first or the last of several: there may be a better one beyond."""
        return len(self.learning_rates) > 1 and self.best in (self.learning_rates[0], self.learning_rates[-1])

    @property
    def outcome(self):
        """One sentence on what was chosen."""
        place = int(np.argmax(self.accuracy))
        known = f" ± {100 * self.standard_error[place]:.1f}" if np.isfinite(self.standard_error[place]) else ""
        side, others = ("smallest", "smaller") if place == 0 else ("largest", "larger")
        warning = f" It is the {side} that was tried: try {others} ones." if self.at_edge else ""
        warning += f" Diverged with it: {self.diverged[place]} runs." if self.diverged[place] else ""
        return f"{self.model.label}: η = {self.best:.4g}, accuracy {100 * self.accuracy[place]:.1f}{known} %.{warning}"

    def table(self):
        """A pandas.DataFrame, a row a learning rate."""
        import pandas as pd

        names = ("accuracy", "standard_error", "diverged")
        columns = {name: getattr(self, name) for name in names}
        return pd.DataFrame({"model": self.model.label, "learning_rate": self.learning_rates, **columns})


def cross_validate(model, data, recipe, learning_rates, *, folds=5, seeds=(0,), folder=None, **options):
    """How a model does with each of several learning rates, by cross-validation.

    Parameters: model; data, the name of an image set or an nk.data.ImageSet; recipe, all but the learning rate;
    learning_rates, positive; folds ≥ 2; seeds; folder for the runs, as in `sweep` (a temporary one by default, kept
    only as long as the call); options: train_size, test_size, probe of the trials, and those of `sweep`.
    Returns: LearningRates.
    Raises: RuntimeError where a run failed, or was cancelled: the next call with that folder goes on from there;
    ValueError for numbers out of range.

    >>> from ntkit.experiments import Recipe, fully_connected
    >>> found = cross_validate(
    ...     fully_connected(2, 16), "digits", Recipe(0.1, epochs=3), (1e-4, 0.05, 1e4), folds=2, train_size=100,
    ...     workers=0, progress=lambda reading: None,
    ... )
    >>> found.best, found.at_edge, found.diverged.tolist()
    (0.05, False, [0, 0, 2])
    """
    chosen = best_learning_rates(
        [model], data, recipe, learning_rates, folds=folds, seeds=seeds, folder=folder, **options
    )
    return chosen[model]


def best_learning_rates(models, data, recipe, learning_rates, *, folds=5, seeds=(0,), folder=None, **options):
    """The learning rates of several models, cross-validated in one sweep.

    Parameters: models; recipe, a Recipe, or a function that gives a model its Recipe; learning_rates, positive numbers,
    or a function that gives a model its own; the rest, and errors, as of `cross_validate`.
    Returns: a dict, model → LearningRates.

    >>> from ntkit.experiments import Recipe, fully_connected
    >>> models = [fully_connected(2, 16), fully_connected(2, 16, normalisation="batch")]
    >>> found = best_learning_rates(
    ...     models, "digits", Recipe(0.1, epochs=3), (1e-4, 0.05), folds=2, train_size=100,
    ...     workers=0, progress=lambda reading: None,
    ... )
    >>> [found[model].best for model in models]
    [0.05, 0.05]
    """
    folds = whole("folds", folds, least=2, must="be a whole number of parts, at least 2")
    rates = {model: _checked_rates(_of(learning_rates, model)) for model in models}
    trial_options = {name: options.pop(name) for name in ("train_size", "test_size", "probe") if name in options}
    trials = {
        model: [
            trial
            for rate in rates[model]
            for fold in range(folds)
            for trial in grid(
                model, data, replace(_of(recipe, model), learning_rate=rate), seeds, fold=(fold, folds), **trial_options
            )
        ]
        for model in rates
    }
    everything = [trial for some in trials.values() for trial in some]
    with tempfile.TemporaryDirectory() as temporary:
        results = sweep(everything, temporary if folder is None else folder, **options)
    _require_all(results, everything)
    return {model: _judged(model, rates[model], trials[model], results) for model in rates}


def _of(value, model):
    return value(model) if callable(value) else value


def _checked_rates(learning_rates):
    rates = [real("learning_rates", rate, above=0, must="be positive finite numbers") for rate in learning_rates]
    if not rates:
        raise ValueError("learning_rates must hold at least one; got none.")
    return sorted(set(rates))


def _require_all(results, trials):
    if results.failed:
        trial, text = next(iter(results.failed.items()))
        raise RuntimeError(
            f"every run must end; {len(results.failed)} of {len(trials)} failed, the first, {trial.label}, with {text}"
        )
    if results.waiting:
        raise RuntimeError(
            f"every run must end; {len(results.waiting)} of {len(trials)} wait, since the sweep was cancelled. Call "
            "again with the same folder: it goes on from there."
        )


def _judged(model, rates, trials, results):
    """The LearningRates of one model, from the runs of all."""
    keys = {trial.key for trial in trials}
    records = tuple(record for record in results.records if record.key in keys)
    last = replace(results, records=records).last()
    diverged = last["ending"] == "diverged"
    by_rate = last["test_accuracy"].where(~diverged, 0.0).groupby(last["learning_rate"])
    return LearningRates(
        model=model,
        learning_rates=np.array(rates),
        accuracy=by_rate.mean().loc[rates].to_numpy(),
        standard_error=by_rate.sem().loc[rates].to_numpy(),
        diverged=diverged.groupby(last["learning_rate"]).sum().loc[rates].to_numpy(),
        results=replace(results, records=records),
    )
