"""The lines of Python that reproduce compared runs."""

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
    model, recipe = trial.model, trial.recipe
    seeds = tuple(one.seed for one in network.trials.values())
    yield f'    "{label}": ['
    yield "        nk.experiments.run(nk.experiments.Trial("
    yield "            nk.experiments.Model("
    yield f'                "{model.architecture}", depth={model.depth}, width={model.width},'
    yield f"                activation={_activation(model.activation)}"
    yield f'                normalisation="{model.normalisation}",'
    yield "            ),"
    yield f"            {_images(trial.data)}"
    yield "            nk.experiments.Recipe("
    yield f"                {recipe.learning_rate!r}, epochs={recipe.epochs}, batch_size={recipe.batch_size},"
    yield f"                milestones={recipe.milestones},"
    yield "            ),"
    yield f"            seed=seed, train_size={trial.train_size},"
    yield "        ))"
    yield f"        for seed in {seeds}"
    yield "    ],"


def _activation(given):
    if isinstance(given, str):
        return f'"{given}",'
    return f"yours,  # the activation {given.name!r} that you gave to the lab"


def _images(given):
    if isinstance(given, str):
        return f'"{given}",'
    return f"yours,  # the images {given.name!r} that you gave to the lab"
