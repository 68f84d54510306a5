"""Networks that are compared: their trials, one for each seed, and what is known of each so far."""

from dataclasses import dataclass, field, replace

import numpy as np

from ntkit.figures.experiments import setting_in_words


@dataclass(eq=False)
class Compared:
    """One network in the list.

    number: its place in the cycle of colours.  trials: key → nk.experiments.Trial, one a seed.  histories: key →
    nk.experiments.History, as far as there is one.  states: key → "waiting", "running", or how it ended: "finished",
    "cancelled", "diverged", "failed".  errors: key → what went wrong.
    """

    number: int
    trials: dict = field(default_factory=dict)
    histories: dict = field(default_factory=dict)
    states: dict = field(default_factory=dict)
    errors: dict = field(default_factory=dict)
    is_shown: bool = True

    @property
    def first(self):
        """The trial of the first seed."""
        return next(iter(self.trials.values()))

    @property
    def status(self):
        """How far it has come, in words."""
        if len(self.trials) == 1:
            (key,) = self.trials
            return self._status_of(key)
        counts = {state: list(self.states.values()).count(state) for state in dict.fromkeys(self.states.values())}
        words = f"{len(self.trials)} seeds: {', '.join(f'{count} {state}' for state, count in counts.items())}"
        lost = [self._status_of(key) for key, state in self.states.items() if state in ("diverged", "failed")]
        return ". ".join([words + self._accuracies(), *dict.fromkeys(lost)])

    def _status_of(self, key):
        state, history = self.states[key], self.histories.get(key)
        if state == "failed":
            return f"failed: {self.errors[key]}"
        if history is None:
            return state
        return f"waits to go on. {history.outcome}" if state == "waiting" else history.outcome

    def _accuracies(self):
        found = [history.test_accuracy[-1] for history in self.histories.values() if history.ending != "diverged"]
        if not found:
            return ""
        least, mean, most = (100 * of(found) for of in (np.min, np.mean, np.max))
        return f"; test accuracy {mean:.1f} % ({least:.1f} to {most:.1f} %)"


class Comparison:
    """The list of networks, and which run comes next.

    >>> from ntkit.experiments import Recipe, Trial, fully_connected
    >>> comparison = Comparison()
    >>> trials = [Trial(fully_connected(4, 32), "digits", Recipe(0.1), seed=seed) for seed in (0, 1)]
    >>> comparison.add(trials), list(comparison.labels), comparison.waiting[0].seed
    (2, ['FC-4 NormReLU'], 0)
    """

    def __init__(self):
        self._networks = {}  # by the key of their trial at seed 0

    @property
    def networks(self):
        """The Compared, in the order in which they came."""
        return tuple(self._networks.values())

    @property
    def labels(self):
        """Label → Compared: its model, and what else tells it from the others."""
        columns, found = [network.first.columns() for network in self.networks], {}
        for one, network in zip(columns, self.networks, strict=True):
            label = _label(one, columns)
            alike = sum(other.partition(" no. ")[0] == label for other in found)
            found[f"{label} no. {alike + 1}" if alike else label] = network
        return found

    @property
    def waiting(self):
        """The trials that wait, in order."""
        return [
            trial
            for network in self.networks
            for key, trial in network.trials.items()
            if network.states[key] == "waiting"
        ]

    def of(self, trial):
        """The Compared that a trial belongs to, or None where it was removed."""
        network = self._networks.get(_family(trial))
        return network if network is not None and trial.key in network.trials else None

    def add(self, trials):
        """Put trials on the list, or back on it where they were cancelled or failed; returns how many of them wait."""
        count = 0
        for trial in trials:
            family, key = _family(trial), trial.key
            if family not in self._networks:
                self._networks[family] = Compared(self._free_number())
            network = self._networks[family]
            network.trials.setdefault(key, trial)
            if network.states.get(key) in (None, "cancelled", "failed"):
                network.states[key] = "waiting"
                count += 1
        return count

    def _free_number(self):
        taken = {network.number for network in self.networks}
        return next(number for number in range(len(taken) + 1) if number not in taken)

    def begin(self, trial):
        """A trial runs."""
        self.of(trial).states[trial.key] = "running"

    def keep(self, trial, history):
        """What a trial has measured so far, or at its end; None where it was cancelled before it measured anything."""
        network = self.of(trial)
        if network is not None and history is not None:
            network.histories[trial.key], network.states[trial.key] = history, history.ending
        elif network is not None:
            network.states[trial.key] = "cancelled"

    def fail(self, trial, error):
        """A trial that could not be run; its other seeds do not try."""
        network = self.of(trial)
        if network is not None:
            for key, state in network.states.items():
                if key == trial.key or state == "waiting":
                    network.states[key], network.errors[key] = "failed", error

    def cancel(self):
        """No trial waits any more."""
        for trial in self.waiting:
            self.of(trial).states[trial.key] = "cancelled"

    def cancelled(self):
        """The trials that can go on."""
        return [
            trial
            for network in self.networks
            for key, trial in network.trials.items()
            if network.states[key] == "cancelled"
        ]

    def remove(self, network):
        """Take a network off the list."""
        self._networks = {family: one for family, one in self._networks.items() if one is not network}

    def drawn(self):
        """Label → histories of each network that is shown and has any."""
        return {
            label: tuple(network.histories[key] for key in network.trials if key in network.histories)
            for label, network in self.labels.items()
            if network.is_shown and network.histories
        }

    def numbers(self):
        """Label → place in the cycle of colours."""
        return {label: network.number for label, network in self.labels.items()}

    def histories(self):
        """All histories, those of hidden networks too."""
        return [history for network in self.networks for history in network.histories.values()]


def _family(trial):
    """What all seeds of a network share."""
    return replace(trial, seed=0).key


def _label(one, everyone):
    """The model of a network, and what tells it from those that are called alike."""
    alike = [other for other in everyone if other["model"] == one["model"]]
    # Where runs differ in length, their schedules do so as well.
    as_long = [other for other in alike if other["epochs"] == one["epochs"]]
    among = {"data": everyone, "milestones": as_long}
    words = [
        setting_in_words(name, value)
        for name, value in one.items()
        if name != "seed" and any(other[name] != value for other in among.get(name, alike))
    ]
    return ", ".join([one["model"], *words])
