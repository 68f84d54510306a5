"""The activation to choose: a list of names, with the parameter of the chosen one below it."""

from functools import partial

from ipywidgets import Dropdown, Layout, Text, VBox

import ntkit as nk
from ntkit.explorers.number_pair import LABEL_WIDTH, NumberPair, even_steps
from ntkit.specification import split_activation

# Parameters of the catalogue's activations that a slider can move: name, steps, tooltip.
_PARAMETERS = {
    "leaky_relu": ("slope", even_steps(-1, 1, 0.01), "slope for x < 0"),
    "elu": ("alpha", even_steps(0.1, 3, 0.1), "−alpha is the limit at −∞"),
    "celu": ("alpha", even_steps(0.1, 3, 0.1), "−alpha is the limit at −∞"),
    "hermite": ("k", tuple(range(1, 13)), "degree of the Hermite polynomial"),
    "relu_power": ("r", tuple(range(1, 7)), "the power of max(x, 0)"),
    "normrelu": ("c", even_steps(-4, 4, 0.05), "place of the kink"),
}
_FIRST_VALUE = {"leaky_relu": 0.01, "elu": 1.0, "celu": 1.0, "hermite": 2, "relu_power": 2, "normrelu": -1.5975}
_FIRST_COEFFICIENTS = "(0, 1, 0.5)"


class ActivationControl(VBox):
    """A list of the catalogue and of the user's own activations, with the parameter of the chosen one below it."""

    def __init__(self, bench, changed):
        self._bench, self._changed, self._following = bench, changed, False
        self._parameter_controls = {}
        self.names = Dropdown(
            description="activation",
            tooltip="σ; the theory normalises it to E σ = 0, E σ² = 1",
            layout=Layout(width="auto"),
            style={"description_width": LABEL_WIDTH},
        )
        super().__init__([self.names], layout=Layout(width="auto"))
        self.follow()
        self.names.observe(self._name_chosen, "value")

    def follow(self):
        """Show what the bench is set to."""
        current = self._bench.settings.activation
        own = self._bench.own_activations
        self._following = True
        self.names.options = (*own, *nk.catalogue())
        name, parameters = (current, {}) if current in own else split_activation(current)
        self.names.value = name
        parameter = self._parameter_control(name)
        self.children = (self.names,) if parameter is None else (self.names, parameter)
        if parameter is not None:
            self._show_parameter(parameter, parameters, _FIRST_VALUE.get(name, _FIRST_COEFFICIENTS))
        self._following = False

    def _name_chosen(self, change):
        if not self._following:
            self._changed(_with_parameter(change["new"], None))

    def _parameter_control(self, name):
        if name not in self._parameter_controls:
            self._parameter_controls[name] = self._new_parameter_control(name)
        return self._parameter_controls[name]

    def _new_parameter_control(self, name):
        if name in _PARAMETERS:
            parameter, steps, tooltip = _PARAMETERS[name]
            return NumberPair(parameter, steps, _FIRST_VALUE[name], partial(self._parameter_chosen, name), tooltip)
        if name == "polynomial":
            box = Text(
                _FIRST_COEFFICIENTS,
                description="coefficients",
                tooltip="of 1, x, x², …: numbers with commas between",
                continuous_update=False,
                layout=Layout(width="auto"),
                style={"description_width": LABEL_WIDTH},
            )
            box.observe(lambda change: self._changed(f"polynomial(coefficients={_tuple(change['new'])})"), "value")
            return box
        return None

    def _parameter_chosen(self, name, value):
        self._changed(_with_parameter(name, value))

    def _show_parameter(self, control, parameters, default):
        value = next(iter(parameters.values()), default)
        if isinstance(control, NumberPair):
            control.show(value)
        else:
            control.value = str(value)


def _tuple(numbers):
    """What a reader may type for coefficients, with or without brackets, as a tuple is written in Python."""
    return f"({numbers.strip().strip('()[]').strip().rstrip(',')},)"


def _with_parameter(name, value):
    """The specification of `name` with its one parameter at `value`, or where None at the value it first shows."""
    if name == "polynomial":
        return f"polynomial(coefficients={_FIRST_COEFFICIENTS})"
    if name not in _PARAMETERS:
        return name
    return f"{name}({_PARAMETERS[name][0]}={_FIRST_VALUE[name] if value is None else value!r})"
