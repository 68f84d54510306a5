"""The controls of a bench in one row, and what happens when one of them is moved."""

from ipywidgets import Dropdown, GridBox, IntText, Layout, VBox

import ntkit as nk
from ntkit.explorers.activation_control import ActivationControl
from ntkit.explorers.messages import Messages
from ntkit.explorers.number_pair import LABEL_WIDTH, NumberPair, even_steps, logarithmic_steps, whole_steps
from ntkit.explorers.settings import (
    ARCHITECTURES,
    DEPTH_RULES,
    LARGEST_DEPTH,
    LARGEST_DIM,
    LARGEST_N,
    LARGEST_NOISE,
    NORMALISATIONS,
    SCHEDULES,
    TRAINED,
)


class ControlBar(VBox):
    """The controls that a panel or the whole lab needs, wired to one bench, with a place for errors below them.

    Parameters: bench; names, which of "activation", "depth", "delta", "data", "n", "seed", "c" to show.
    """

    def __init__(self, bench, names):
        self._bench = bench
        self.messages = Messages()
        self._builders = {
            "activation": self._activation,
            "data": self._data,
            "seed": self._seed,
            "images": self._images,
            **dict.fromkeys(_LISTS, self._list),
        }
        self.controls = {name: self._built(name) for name in names}
        self._row = GridBox(list(self.controls.values()), layout=Layout(width="auto"))
        self._row.add_class("ntkit-controls")
        super().__init__([self._row, self.messages])
        self._follow(set(self.controls))
        bench.listen(self._follow)

    def _built(self, name):
        return self._builders.get(name, self._number)(name)

    def offer(self, names):
        """Show the controls called so, in this order; those that are new are made."""
        fresh = [name for name in names if name not in self.controls]
        self.controls |= {name: self._built(name) for name in fresh}
        self._row.children = [self.controls[name] for name in names]
        self._follow(set(fresh))

    def _choose(self, name, value):
        with self.messages.reporting():
            self._bench.update(**{name: value})

    def _chooser(self, name):
        return lambda value: self._choose(name, value)

    def _activation(self, name):
        return ActivationControl(self._bench, self._chooser(name))

    def _number(self, name):
        label, steps, tooltip = _NUMBERS[name]
        return NumberPair(label, steps, getattr(self._bench.settings, name), self._chooser(name), tooltip)

    def _data(self, name):
        tooltip = "points made to a separation, or real data on the sphere"
        return self._plain(Dropdown, name, "data", tooltip, options=(*self._bench.own_data, *nk.data.names()))

    def _images(self, name):
        tooltip = "labelled images to train and test on"
        return self._plain(
            Dropdown, name, "images", tooltip, options=(*self._bench.own_images, *nk.data.image_set_names())
        )

    def _list(self, name):
        label, options, tooltip = _LISTS[name]
        return self._plain(Dropdown, name, label, tooltip, options=options)

    def _seed(self, name):
        return self._plain(IntText, name, "seed", "draws the points and the weights of the finite networks")

    def _plain(self, widget, name, description, tooltip, **options):
        """A widget of ipywidgets as it is, for one setting."""
        control = widget(
            description=description,
            tooltip=tooltip,
            layout=Layout(width="auto"),
            style={"description_width": LABEL_WIDTH},
            **options,
        )
        control.observe(lambda change: self._choose(name, change["new"]), "value")
        return control

    def _follow(self, changed):
        """Show what the bench is set to, where it changed."""
        for name in changed & set(self.controls):
            control, value = self.controls[name], getattr(self._bench.settings, name)
            if isinstance(control, ActivationControl):
                control.follow()
            elif isinstance(control, NumberPair):
                control.show(value)
            else:
                control.value = value
        if "delta" in self.controls and changed & {"delta", "data", "n", "seed"}:
            self._follow_delta(self.controls["delta"])

    def _follow_delta(self, control):
        """Separations that the data decides are shown, not chosen."""
        control.disabled = not self._bench.delta_is_chosen
        with self.messages.reporting():
            control.show(self._bench.delta if self._bench.delta_is_chosen else float(f"{self._bench.delta:.4g}"))


# What a list shows, in front of the name that the settings hold.
_ARCHITECTURES = tuple(zip(("fully connected", "ResNet", "ResNet, Fixup"), ARCHITECTURES, strict=True))
_NORMALISED = tuple(zip(("nothing", "batch", "layer", "layer, after σ"), NORMALISATIONS, strict=True))
_SCHEDULED = tuple(zip(("constant", "÷ 10 after each third"), SCHEDULES, strict=True))
_LISTS = {
    "depth_rule": ("depth is", DEPTH_RULES, "as many layers as the theorem asks for, or those of the slider"),
    "trained": ("train", TRAINED, "which layers of the two-layer network are trained"),
    "architecture": ("architecture", _ARCHITECTURES, "residual ones have 6n + 2 layers: 8, 14, 20, …"),
    "normalisation": ("normalise", _NORMALISED, "by batch or by layer, before the activation or after it"),
    "schedule": ("schedule", _SCHEDULED, "of the learning rate; the paper's falls to a tenth after each third"),
}
_FROM_ONE = (1.0, 2.0, 5.0, 10.0, 100.0, 1000.0)
_NORMS = tuple(float(f"{10 * step:.3g}") for step in logarithmic_steps(-2))  # 0.1 … 9

_NUMBERS = {
    "depth": ("depth L", whole_steps(LARGEST_DEPTH), "number of hidden layers"),
    "delta": ("δ", logarithmic_steps(-6), "separation of the data, 1 − max |ρ|; measured where the data set fixes it"),
    "n": ("points n", whole_steps(LARGEST_N, start=2), "number of data points"),
    "c": ("NormReLU c", even_steps(-4, 4, 0.05), "place of the kink of NormReLU_c"),
    "width": ("width", (32, 64, 128, 256, 512, 1024, 2048), "units in each hidden layer of the finite network"),
    "shift": ("shift", even_steps(-1, 1, 0.01), "a constant added to σ, which moves σ̂'(1) past 1"),
    "start": ("start ρ₀", even_steps(-0.95, 0.95, 0.05), "correlation of the two inputs"),
    "draws": ("networks", (10, 20, 50, 100, 200, 500, 1000, 2000, 5000), "finite networks that are drawn"),
    "norm_x": ("‖x‖²", _NORMS, "squared norm of the first input"),
    "norm_y": ("‖y‖²", _NORMS, "squared norm of the second input"),
    "c_lambda": ("c_λ", even_steps(0.05, 0.95, 0.05), "of the residual branches' scale c_λ λ^(3/2)/H"),
    "epsilon": ("ε", logarithmic_steps(-9), "share of the loss that training may leave"),
    "angle": ("angle (°)", even_steps(1, 179, 1), "angle between the two inputs, in degrees"),
    "dim": ("dimension d", whole_steps(LARGEST_DIM, start=2), "of the sphere that the points are drawn from"),
    "noise": ("noise", even_steps(0, LARGEST_NOISE, 0.05), "each label is moved by so much, up or down"),
    "constant": ("constant", (*logarithmic_steps(-6), *_FROM_ONE), "what the papers' Ω and O leave open"),
    "half_width": ("τ", even_steps(0.5, 20, 0.5), "polynomials are near σ' on [−τ, τ]"),
    "channels": ("channels", (4, 8, 16, 32, 64), "of the first of the three stages of a residual network"),
    "train_size": ("images used", (0, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000), "to train on; 0 takes all"),
    "learning_rate": ("η", logarithmic_steps(-5), "learning rate of stochastic gradient descent with momentum 0.9"),
    "epochs": ("epochs", (1, 2, 5, 10, 20, 30, 50, 100, 200, 300), "passes over the training images"),
    "batch_size": ("batch", (8, 16, 32, 64, 128, 256, 512, 1024), "images a step"),
    "repeats": ("seeds", (1, 2, 3, 4, 5, 6, 8, 10), "how many networks are trained, from this seed on"),
    "steps": ("steps", (50, 100, 200, 300, 500, 1000, 2000, 5000), "steps of full-batch gradient descent"),
}
