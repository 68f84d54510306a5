"""The lines of Python that "show the code" is made of."""

from ntkit.specification import split_activation


def activation_code(bench, name):
    """The expression that gives the activation called `name`, as the literature or the user defines it."""
    if name in bench.own_activations:
        return f"yours  # the activation {name!r} that you gave to the lab"
    base, parameters = split_activation(name)
    return _call("nk.activation", base, parameters)


def normalized_code(bench, name):
    """The same expression, normalised."""
    expression, separator, comment = activation_code(bench, name).partition("  #")
    return f"{expression}.normalized(){separator}{comment}"


def scaled_code(bench, name, shift):
    """The same expression, shifted and scaled to E σ² = 1."""
    expression, separator, comment = activation_code(bench, name).partition("  #")
    added = f".shifted({shift!r})" if shift else ""
    return f"{expression}{added}.with_unit_second_moment(){separator}{comment}"


def data_code(bench):
    """The expression that gives the data set of the bench."""
    if bench.settings.data in bench.own_data:
        return f"yours  # the data set {bench.settings.data!r} that you gave to the lab"
    return _call("nk.data.load", bench.settings.data, bench.data_arguments())


def listing(*lines):
    """A script: the import, the lines, and the figure shown."""
    return "\n".join(["import ntkit as nk", "", *lines, "figure.show()", ""])


def _call(function, name, keywords):
    arguments = [f'"{name}"', *(f"{keyword}={value!r}" for keyword, value in keywords.items())]
    return f"{function}({', '.join(arguments)})"
