"""Activations written as text: a name, or a name with parameters, as a person would type it."""

import ast

from ntkit.activations import activation


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
