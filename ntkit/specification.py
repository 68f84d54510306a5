"""Activations written as text: a name, or a name with parameters, as a person would type it."""

import ast
import inspect
from functools import wraps

from ntkit.activations import Activation, activation

_PARAMETERS = ("sigma", "activation", "activations")


def as_activation(given):
    """The activation itself, or the one that a name or a specification stands for.

    Raises: ValueError for an unknown name, or what is not of that form; TypeError for unknown parameters.

    >>> as_activation("Leaky ReLU"), as_activation("normrelu(c=-1)").kinks
    (<Activation leaky_relu>, (-1.0,))
    """
    if isinstance(given, Activation):
        return given
    return parse_activation(given) if isinstance(given, str) and "(" in given else activation(given)


def takes_names(function):
    """A function whose argument `sigma` or `activation`, or each of `activations`, may also be a name.

    >>> @takes_names
    ... def mean(sigma):
    ...     return sigma.mean
    >>> round(mean("relu"), 6), mean(activation("tanh"))
    (0.398942, 0.0)
    """
    place, name = next(
        (k, name) for k, name in enumerate(inspect.signature(function).parameters) if name in _PARAMETERS
    )
    settle = _each_as_activation if name == "activations" else as_activation

    @wraps(function)
    def taking(*arguments, **keywords):
        if name in keywords:
            keywords[name] = settle(keywords[name])
        elif place < len(arguments):
            arguments = (*arguments[:place], settle(arguments[place]), *arguments[place + 1 :])
        return function(*arguments, **keywords)

    return taking


def _each_as_activation(given):
    return tuple(map(as_activation, given))


def parse_activation(text):
    """The catalogue's activation that a specification names, such as "leaky_relu(slope=0.2)".

    Raises: ValueError for what is not of that form; errors of `nk.activation` for unknown names or parameters.

    >>> parse_activation("leaky_relu(slope=0.2)")
    <Activation leaky_relu(slope=0.2)>
    """
    name, parameters = split_activation(text)
    return activation(name, **parameters)


def is_of_catalogue(sigma):
    """Whether the name of an activation, read as a specification, gives that activation.

    >>> import ntkit as nk
    >>> is_of_catalogue(nk.activation("relu")), is_of_catalogue(nk.activation("relu").normalized())
    (True, False)
    """
    try:
        return parse_activation(sigma.name) == sigma
    except (ValueError, TypeError):
        return False


def split_activation(text):
    """("leaky_relu", {"slope": 0.2}) from "leaky_relu(slope=0.2)".

    >>> split_activation("relu")
    ('relu', {})
    """
    try:
        expression = ast.parse(text.strip(), mode="eval").body
        if isinstance(expression, ast.Name):
            return expression.id, {}
        if isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name) and not expression.args:
            return expression.func.id, {word.arg: ast.literal_eval(word.value) for word in expression.keywords}
    except (SyntaxError, ValueError) as error:
        raise ValueError(_malformed(text)) from error
    raise ValueError(_malformed(text))


def _malformed(text):
    return f"an activation is written as a name, or a name with parameters like leaky_relu(slope=0.2); got {text!r}."
