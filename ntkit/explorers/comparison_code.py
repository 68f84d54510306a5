"""The lines of Python that reproduce compared runs."""

from dataclasses import MISSING, fields, is_dataclass, replace

from ntkit.explorers.listing import listing


def comparison_code(comparison):
    """A script that trains the networks of a Comparison that are shown, and draws them."""
    shown = {label: network for label, network in comparison.labels.items() if network.is_shown and _can_run(network)}
    numbers = {label: network.number for label, network in shown.items()}
    usual = list(numbers.values()) == list(range(len(numbers)))
    colours = "" if usual else f", numbers={numbers!r}"
    cancelled = any("cancelled" in network.states.values() for network in shown.values())
    return listing(
        *["# A run that was cancelled is trained to its end here."] * cancelled,
        "runs = {",
        *(line for label, network in shown.items() for line in _network(label, network)),
        "}",
        f"figure = nk.figures.comparison_figure(runs{colours})",
    )


def _can_run(network):
    return set(network.states.values()) != {"failed"}


def _network(label, network):
    trial = network.first
    seeds = tuple(one.seed for one in network.trials.values())
    yield f'    "{label}": ['
    yield "        nk.experiments.run(nk.experiments.Trial("
    yield "            nk.experiments.Model("
    yield f"                {_model(trial.model)},"
    yield f"                activation={_own(trial.model.activation, 'activation')}"
    yield "            ),"
    yield f"            {_own(trial.data, 'images')}"
    yield f"            nk.experiments.Recipe({', '.join(_given(trial.recipe))}),"
    yield f"            {', '.join(['seed=seed', *_given(trial, without=('model', 'data', 'recipe', 'seed'))])},"
    yield "        ))"
    yield f"        for seed in {seeds}"
    yield "    ],"


def _model(model):
    usual = replace(model, initialisation=None).initialisation
    words = [f'"{model.architecture}", depth={model.depth}, width={model.width}']
    words += [f'normalisation="{model.normalisation}"'] * (model.normalisation != "none")
    words += [f'initialisation="{model.initialisation}"'] * (model.initialisation != usual)
    return ", ".join(words)


def _given(described, without=()):
    """The fields of a dataclass that are not what they are by default, as arguments of a call."""
    for part in fields(described):
        value = getattr(described, part.name)
        usual = part.default if part.default_factory is MISSING else part.default_factory()
        if part.name not in without and value != usual:
            module = "nk.experiments." if is_dataclass(value) else ""
            yield f"{part.name}={module}{value!r}"


def _own(given, kind):
    """An argument on a line of its own: a name, or what the reader brought."""
    return f'"{given}",' if isinstance(given, str) else f"yours,  # the {kind} {given.name!r} that you gave to the lab"
