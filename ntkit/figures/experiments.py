"""Training comparisons: accuracy, loss and dot products over the epochs, learning rates, theory beside practice.

Tables are those of `History.table()` and `Results.table()`: one row an epoch, epoch 0 the untrained network.  A colour
is a model; where there are more models than colours, the next ones are dashed.
"""

import numpy as np

from ntkit.figures.picture import Picture
from ntkit.figures.style import BLUE, CYCLE, DASHES, GREEN, ORANGE, VERMILLION, axis, band, curve, frame, markers

_PARTS = ("train", "test")
_LEFT, _RIGHT = {"domain": [0, 0.45]}, {"domain": [0.55, 1]}
_ABOVE, _BELOW = {"domain": [0.56, 1]}, {"domain": [0, 0.44]}
_HEIGHT, _LEGEND_ROW = 420, 20  # pixels
_SETTINGS = {  # what may set runs of one model apart; seeds and folds are repetitions
    "data": str,
    "learning_rate": "η = {:.3g}".format,
    "width": "width {}".format,
    "initialisation": str,
    "train_size": lambda count: f"{count or 'all'} images",
    "epochs": "{} epochs".format,
    "batch_size": "batches of {}".format,
    "momentum": "momentum {:g}".format,
    "weight_decay": "weight decay {:g}".format,
    "milestones": lambda epochs: f"η falls after {epochs}" if epochs else "η constant",
    "factor": "factor {:g}".format,
    "padding": "padding {}".format,
    "mirror": "mirror {}".format,
    "mixup": "mixup {:g}".format,
}
_UNITS = {"accuracy": "accuracy (% of images)", "loss": "loss (cross-entropy, nats)"}


# --- over the epochs -------------------------------------------------------------------------------------------------


def training_curves_figure(table, *, theme="light"):
    """Train and test accuracy against epochs, side by side: the mean over seeds, and a band from smallest to largest.

    Parameters: table, one row an epoch, with columns model, seed, epoch, train_accuracy, test_accuracy, and where there
    are several learning rates (or data sets, …) of a model, the column that tells them apart; theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.
    Raises: ValueError for a table without rows.
    Source: Agarwal, Awasthi, Kale (2021), Figures 3, 4, 5, 7, 8.

    >>> import pandas as pd
    >>> rows = [("FC-32", s, e, e / 10, e / (11 + s)) for s in (0, 1) for e in range(5)]
    >>> table = pd.DataFrame(rows, columns=["model", "seed", "epoch", "train_accuracy", "test_accuracy"])
    >>> training_curves_figure(table).layout.yaxis2.title.text
    'test accuracy (% of images)'
    """
    return training_curves_picture(table).figure(theme)


def training_curves_picture(table):
    """The Picture that `training_curves_figure` draws.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"model": "A", "seed": 0, "epoch": [0, 1], "train_accuracy": 0.5, "test_accuracy": 0.4})
    >>> training_curves_picture(table).summary
    'After 1 epoch A has train accuracy 50.0 % and test accuracy 40.0 %.'
    """
    percent = {"tickformat": ".0%", "hoverformat": ".1%"}
    return _side_by_side(table, "accuracy", percent, "Accuracy as the networks train")


def loss_curves_figure(table, *, theme="light"):
    """Train and test loss against epochs, side by side on a logarithmic axis; otherwise as `training_curves_figure`.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"model": "A", "seed": 0, "epoch": [0, 1], "train_loss": [2.3, 0.5], "test_loss": 2.0})
    >>> loss_curves_figure(table).data[0].y.tolist()
    [2.3, 0.5]
    """
    return loss_curves_picture(table).figure(theme)


def loss_curves_picture(table):
    """The Picture that `loss_curves_figure` draws.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"model": "A", "seed": 0, "epoch": [0, 1], "train_loss": [2.3, 0.5], "test_loss": 2.0})
    >>> loss_curves_picture(table).summary
    'After 1 epoch A has train loss 0.5 and test loss 2.'
    """
    return _side_by_side(table, "loss", {"log": True}, "Loss as the networks train")


def dot_product_figure(table, *, place="features", theme="light"):
    """Test accuracy above, the mean normalised dot product of images below, against epochs: mean and band over seeds.

    Parameters: table, with columns test_accuracy and "dot_product <place>"; place, a layer that was probed, or "input".
    Returns: plotly.graph_objects.Figure.
    Raises: ValueError for a table without rows or a place that was not probed.
    Source: Agarwal, Awasthi, Kale (2021), Figure 1.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"model": "A", "seed": 0, "epoch": [0, 1], "test_accuracy": 0.5, "dot_product input": 0.3})
    >>> dot_product_figure(table, place="input").layout.yaxis2.title.text
    'mean normalised<br>dot product, input'
    """
    return dot_product_picture(table, place=place).figure(theme)


def dot_product_picture(table, *, place="features"):
    """The Picture that `dot_product_figure` draws.

    >>> import pandas as pd
    >>> readings = {"epoch": [0, 1], "test_accuracy": 0.5, "dot_product 1": [0.3, 0]}
    >>> dot_product_picture(pd.DataFrame({"model": "A", "seed": 0, **readings}), place="1").summary
    'From epoch 0 to 1: A has test accuracy 50.0 % → 50.0 %, dot product 0.3 → 0.'
    """
    column = f"dot_product {place}"
    if column not in table:
        known = [name.removeprefix("dot_product ") for name in table if name.startswith("dot_product ")]
        raise ValueError(f"place must be one that was probed, {', '.join(known)}; got {place!r}.")
    groups = _groups(table)
    above, below = ({"xaxis": "x", "yaxis": name} for name in ("y", "y2"))
    return Picture(
        traces=tuple(
            trace
            for name, style, rows in groups
            for trace in (
                *_course(name, rows, "test_accuracy", style, above),
                *_course(name, rows, column, style, below, showlegend=False),
            )
        ),
        layout=frame(
            "Test accuracy and dot products of images",
            _subtitle(table, groups),
            height=600 + _legend_room(groups),
            xaxis=axis("epochs", anchor="y2", **_whole(table)),
            yaxis=axis("test accuracy (% of images)", tickformat=".0%", hoverformat=".1%", **_ABOVE),
            yaxis2=axis(f"mean normalised<br>dot product, {place}", hoverformat=".3g", **_BELOW),
        ),
        summary=_change_in_words(groups, column),
    )


def _side_by_side(table, quantity, scale, title):
    groups = _groups(table)
    places = {"train": {"xaxis": "x", "yaxis": "y"}, "test": {"xaxis": "x2", "yaxis": "y2"}}
    return Picture(
        traces=tuple(
            trace
            for name, style, rows in groups
            for part in _PARTS
            for trace in _course(name, rows, f"{part}_{quantity}", style, places[part], showlegend=part == "train")
        ),
        layout=frame(
            title,
            _subtitle(table, groups),
            height=_HEIGHT + _legend_room(groups),
            xaxis=axis("epochs", **_whole(table), **_LEFT),
            xaxis2=axis("epochs", anchor="y2", **_whole(table), **_RIGHT),
            yaxis=axis(f"train {_UNITS[quantity]}", **scale),
            yaxis2=axis(f"test {_UNITS[quantity]}", anchor="x2", matches="y", **scale),
        ),
        summary=_end_in_words(groups, quantity),
    )


def _groups(table):
    """(name, style, rows) for each curve: a model, or a model with one of its settings where it has several."""
    if not len(table):
        raise ValueError("there must be at least one reading to draw; the table has no rows.")
    settings = [name for name in _SETTINGS if name in table and table.groupby("model")[name].nunique().max() > 1]
    models = list(dict.fromkeys(table["model"]))
    found = list(table.groupby(["model", *settings], sort=False))
    several = len(found) > len(models)
    return [
        (
            ", ".join([model, *map(setting_in_words, settings, values)]),
            _style(number if several else models.index(model)),
            rows,
        )
        for number, ((model, *values), rows) in enumerate(found)
    ]


def setting_in_words(name, value):
    """A column of a trial with its value, as a legend says what sets one run apart from another.

    >>> setting_in_words("learning_rate", 0.01), setting_in_words("train_size", 0), setting_in_words("depth", 8)
    ('η = 0.01', 'all images', 'depth 8')
    """
    return _SETTINGS[name](value) if name in _SETTINGS else f"{name.replace('_', ' ')} {value}"


def _style(number):
    return {"color": CYCLE[number % len(CYCLE)], "dash": DASHES[number // len(CYCLE) % len(DASHES)], "width": 2}


def _course(name, rows, column, style, place, showlegend=True):
    """The mean over runs, a band from smallest to largest, and where runs diverged."""
    spread = rows.groupby("epoch")[column].agg(["mean", "min", "max"]).dropna()
    x, shared = spread.index.to_numpy(), {**place, "legendgroup": name, "showlegend": False}
    traces = [
        {**curve(name, x, spread["mean"].to_numpy(), style), **shared, "showlegend": showlegend}
    ]  # fmt: skip
    if (spread["max"] > spread["min"]).any():
        low, high = spread["min"].to_numpy(), spread["max"].to_numpy()
        traces.insert(0, band(f"{name}, smallest to largest", x, low, high, style["color"], **shared))
    ends = _diverged(rows, column)
    if len(ends):
        cross = {"color": style["color"], "symbol": "x", "size": 9}
        traces.append(markers(f"{name}, diverged", ends["epoch"].to_numpy(), ends[column].to_numpy(), cross, **shared))
    return traces


def _diverged(rows, column):
    """The last readings of the runs that diverged."""
    if "ending" not in rows:
        return rows.iloc[:0]
    last = rows.sort_values("epoch").groupby(_run_columns(rows), sort=False).tail(1)
    return last[(last["ending"] == "diverged") & np.isfinite(last[column])]


def _run_columns(rows):
    return [name for name in ("key", "seed", "fold") if name in rows]


def _count(rows):
    return len(rows.groupby(_run_columns(rows)))


def _subtitle(table, groups):
    counts = sorted({_count(rows) for _, _, rows in groups})
    runs = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    words = f"mean over {runs} runs, band from smallest to largest" if counts[-1] > 1 else "one run"
    data = f"{', '.join(dict.fromkeys(table['data']))}; " if "data" in table else ""
    diverged = sum(len(_diverged(rows, "epoch")) for _, _, rows in groups)
    return data + words + (f"; × where {diverged} of them diverged" if diverged else "")


def _whole(table):
    """The range of the epochs; whole numbers at the ticks, however few there are."""
    last = int(table["epoch"].max())
    return {"range": [-0.01 * last, max(1.01 * last, 1)], **({"dtick": 1} if last <= 8 else {})}


def _legend_room(groups):
    """Pixels for the rows of the legend beyond the first two; three entries go into a row."""
    return _LEGEND_ROW * max(0, -(-len(groups) // 3) - 2)


def _reading(column, value):
    return f"{100 * value:.1f} %" if column.endswith("accuracy") else f"{value:.3g}"


def _epochs(count):
    return f"{count} epoch{'s' * (count != 1)}"


def _end_in_words(groups, quantity):
    sentences = []
    for name, _, rows in groups:
        last = int(rows["epoch"].max())
        ends = rows[rows["epoch"] == last].mean(numeric_only=True)
        parts = [f"{part} {quantity} {_reading(quantity, ends[f'{part}_{quantity}'])}" for part in _PARTS]
        sentences.append(f"After {_epochs(last)} {name} has {' and '.join(parts)}.")
    return " ".join(sentences)


def _change_in_words(groups, column):
    sentences = []
    for name, _, rows in groups:
        means = rows.groupby("epoch")[["test_accuracy", column]].mean()
        (first, alike), (last, less) = means.iloc[0], means.iloc[-1]
        accuracy = f"{_reading('accuracy', first)} → {_reading('accuracy', last)}"
        sentences.append(
            f"From epoch {means.index[0]} to {means.index[-1]}: {name} has test accuracy {accuracy}, "
            f"dot product {alike:.3g} → {less:.3g}."
        )
    return " ".join(sentences)


# --- learning rates --------------------------------------------------------------------------------------------------


def learning_rates_figure(table, chosen, *, metric="test_accuracy", theme="light"):
    """Validation accuracy against learning rate: every fold and seed, their mean, and the rate that was chosen.

    A run that diverged is a cross at 0, and counts as 0 in the mean, as in nk.experiments.LearningRates.

    Parameters: table, one row a run (or one an epoch, of which the last counts), with columns model, learning_rate and
    the metric, which is measured on the fold held out; chosen, {model's label: learning rate}; metric, an accuracy;
    theme "light" or "dark".
    Returns: plotly.graph_objects.Figure.
    Raises: ValueError for an empty table, or a chosen rate that was not tried.
    Source: Agarwal, Awasthi, Kale (2021), appendix I.3.

    >>> import pandas as pd
    >>> rows = {"model": "A", "seed": 0, "epoch": 3, "learning_rate": [0.1, 0.01], "test_accuracy": [0.5, 0.7]}
    >>> learning_rates_figure(pd.DataFrame(rows), {"A": 0.01}).layout.xaxis.title.text
    'learning rate η'
    """
    return learning_rates_picture(table, chosen, metric=metric).figure(theme)


def learning_rates_picture(table, chosen, *, metric="test_accuracy"):
    """The Picture that `learning_rates_figure` draws.

    >>> import pandas as pd
    >>> rows = {"model": "A", "seed": 0, "epoch": 3, "learning_rate": [0.1, 0.01], "test_accuracy": [0.5, 0.7]}
    >>> learning_rates_picture(pd.DataFrame(rows), {"A": 0.01}).summary
    'Chosen for A: η = 0.01, with 70.0 % of the images held out.'
    """
    runs = [name for name in ("key", "model", "learning_rate", "seed", "fold") if name in table]
    table = table.reset_index(drop=True)
    last = table.loc[table.groupby(runs, sort=False)["epoch"].idxmax()] if "epoch" in table else table
    found = [(name, _style(k), rows) for k, (name, rows) in enumerate(last.groupby("model", sort=False))]
    if not found:
        raise ValueError("there must be at least one run to draw; the table has no rows.")
    means = {name: _counted(rows, metric).groupby(rows["learning_rate"]).mean() for name, _, rows in found}
    absent = [name for name, rate in chosen.items() if name in means and rate not in means[name]]
    if absent:
        raise ValueError(f"the chosen learning rate must be one that was tried; it is not for {', '.join(absent)}.")
    traces = [trace for one in found for trace in _rates(*one, means[one[0]], metric, chosen.get(one[0]))]
    percent = {"tickformat": ".0%", "hoverformat": ".1%"}
    return Picture(
        traces=tuple(traces),
        layout=frame(
            "Learning rates chosen by cross-validation",
            "dots: one run on one fold; ×: diverged, counted as 0; line: mean; star: chosen",
            height=_HEIGHT + _legend_room(found),
            hovermode="closest",
            xaxis=axis("learning rate η", log=True),
            yaxis=axis("validation accuracy (% of images)", **percent),
        ),
        summary=" ".join(
            f"Chosen for {name}: η = {chosen[name]:.3g}, with {_reading('accuracy', means[name][chosen[name]])} of the "
            "images held out."
            for name in means
            if name in chosen
        ),
    )


def _rates(name, style, rows, mean, metric, rate):
    """The mean over folds and seeds, single runs, and a star at the rate that was chosen."""
    color, rates, shared = style["color"], mean.index.to_numpy(), {"legendgroup": name}
    traces = [curve(name, rates, mean.to_numpy(), style, **shared)]
    whole, counted = _ended(rows), _counted(rows, metric)
    for kind, symbol, some in (("runs", "circle-open", whole), ("diverged", "x", rows.drop(whole.index))):
        if len(some) > len(mean) * (kind == "runs"):
            marker = {"color": color, "symbol": symbol, "size": 6}
            single = some["learning_rate"].to_numpy(), counted[some.index].to_numpy()
            traces.append(markers(f"{name}, {kind}", *single, marker, showlegend=False, **shared))
    if rate is not None:
        star = {"color": color, "symbol": "star", "size": 14}
        at = np.array([rate]), np.array([mean[rate]])
        traces.append(markers(f"{name}, chosen", *at, star, showlegend=False, **shared))
    return traces


def _counted(rows, metric):
    """The metric of each run, 0 for one that diverged, as `LearningRates` counts it."""
    return rows[metric].where(rows.index.isin(_ended(rows).index), 0.0)


def _ended(rows):
    """The runs that did not diverge."""
    return rows[rows["ending"] != "diverged"] if "ending" in rows else rows


# --- theory beside practice ------------------------------------------------------------------------------------------


def theory_beside_practice_figure(predictions, measured, needed, *, place="features", theme="light"):
    """For each model: conditioning at initialisation, predicted and measured, and the epochs that training needs.

    Parameters: predictions, ConditioningPredictions of nk.experiments.predict, one a model; measured, a table with
    columns model, seed, place, dot_product, condition_number, as nk.experiments.measured gives it on the same images;
    needed, a table of nk.experiments.epochs_needed; place, a layer; theme "light" or "dark".  An infinite condition
    number, as of fewer features than images, has no dot.
    Returns: plotly.graph_objects.Figure.
    Raises: ValueError where there is nothing to draw.

    >>> import pandas as pd
    >>> from ntkit.experiments import fully_connected, measured, predict
    >>> model, images = fully_connected(4, 32), np.random.default_rng(0).standard_normal((5, 1, 4, 4))
    >>> needed = pd.DataFrame({"model": [model.label], "seed": 0, "epochs": 7.0, "trained": 10})
    >>> figure = theory_beside_practice_figure([predict(model, images)], measured(model, images), needed)
    >>> [trace.name for trace in figure.data if trace.showlegend is not False]
    ['predicted', 'bound B(L, δ)', 'measured', 'epochs needed']
    """
    return theory_beside_practice_picture(predictions, measured, needed, place=place).figure(theme)


def theory_beside_practice_picture(predictions, measured, needed, *, place="features"):
    """The Picture that `theory_beside_practice_figure` draws.

    >>> import pandas as pd
    >>> from ntkit.experiments import fully_connected, measured, predict
    >>> model, images = fully_connected(4, 32), np.random.default_rng(0).standard_normal((5, 1, 4, 4))
    >>> needed = pd.DataFrame({"model": [model.label], "seed": 0, "epochs": np.inf, "trained": 10})
    >>> picture = theory_beside_practice_picture([predict(model, images)], measured(model, images), needed)
    >>> picture.summary.endswith("not trained in time.")
    True
    """
    if not predictions:
        raise ValueError("there must be at least one prediction to draw; got none.")
    labels = [prediction.model.label for prediction in predictions]
    here = measured[(measured["place"] == place) & measured["model"].isin(labels)]
    needed = needed[needed["model"].isin(labels)]
    columns = ((here, "dot_product", 0), (here, "condition_number", 1))
    return Picture(
        traces=(
            *_predicted(predictions, place),
            *(_seen(table, name, column) for table, name, column in columns),
            *_awaited(needed),
        ),
        layout=frame(
            "Conditioning before training, epochs to train",
            f"{place}; open diamonds: approximate; means over seeds, bars from smallest to largest",
            height=220 + 44 * len(labels),
            hovermode="closest",
            xaxis=axis("mean normalised dot product", domain=[0, 0.29]),
            xaxis2=axis("condition number κ", log=True, domain=[0.355, 0.645]),
            xaxis3=axis("epochs needed", domain=[0.71, 1], rangemode="tozero"),
            yaxis={"type": "category", "categoryorder": "array", "categoryarray": labels[::-1]},
        ),
        summary=_practice_in_words(predictions, here, needed, place),
    )


def _column(number):
    return {"xaxis": f"x{number + 1}".replace("x1", "x"), "yaxis": "y"}


def _predicted(predictions, place):
    """Diamonds, open where an approximation is behind them, and the bound where there is one."""
    labels = [prediction.model.label for prediction in predictions]
    symbols = ["diamond" if prediction.is_exact else "diamond-open" for prediction in predictions]
    marker = {"color": BLUE, "symbol": symbols, "size": 12, "line": {"width": 2, "color": BLUE}}
    rows = [prediction.at(place) for prediction in predictions]
    for number, name in enumerate(("dot_product", "condition_number")):
        values = np.array([row[name] for row in rows])
        yield markers(
            "predicted", values, labels, marker, **_column(number), legendgroup="predicted", showlegend=number == 0
        )
    bounds = [(row["bound"], label) for row, label in zip(rows, labels, strict=True) if np.isfinite(row["bound"])]
    if bounds:
        tick = {"color": ORANGE, "symbol": "line-ns-open", "size": 18, "line": {"width": 2.5}}
        x, y = zip(*bounds, strict=True)
        yield markers("bound B(L, δ)", np.array(x), list(y), tick, **_column(0))


def _seen(table, name, number):
    """Dots with bars from smallest to largest, over seeds."""
    spread = table.groupby("model", sort=False)[name].agg(["mean", "min", "max"])
    return _spread("measured", spread, VERMILLION, "circle", number, showlegend=number == 0)


def _awaited(needed):
    """The same of the epochs needed; a triangle to the right where runs do not get there."""
    epochs = needed.assign(epochs=np.minimum(needed["epochs"], needed["trained"]))
    spread = epochs.groupby("model", sort=False)["epochs"].agg(["mean", "min", "max"])
    late = set(needed["model"][np.isinf(needed["epochs"])])
    for name, symbol, chosen in (
        ("epochs needed", "square", [label for label in spread.index if label not in late]),
        ("not reached in some run", "triangle-right", [label for label in spread.index if label in late]),
    ):
        if chosen:
            yield _spread(name, spread.loc[chosen], GREEN, symbol, 2)


def _spread(name, spread, color, symbol, number, **rest):
    mean = spread["mean"].to_numpy()
    bars = {"array": spread["max"] - mean, "arrayminus": mean - spread["min"]}
    return markers(
        name,
        mean,
        list(spread.index),
        {"color": color, "symbol": symbol, "size": 9},
        error_x={"type": "data", **{side: np.asarray(part) for side, part in bars.items()}, "color": color, "width": 4},
        **_column(number),
        **{"legendgroup": name, **rest},
    )


def _practice_in_words(predictions, measured, needed, place):
    seen = measured.groupby("model")["dot_product"].mean()
    waited = needed.groupby("model")["epochs"].mean()
    sentences = []
    for prediction in predictions:
        label, found = prediction.model.label, prediction.at(place)["dot_product"]
        words = f"{label}: mean normalised dot product predicted {found:.3g}"
        words += f", measured {seen[label]:.3g}" if label in seen else ""
        if label in waited:
            words += f", epochs needed {waited[label]:.3g}" if np.isfinite(waited[label]) else ", not trained in time"
        sentences.append(f"{words}.")
    return " ".join(sentences)
