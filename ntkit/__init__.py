"""ntkit: the laboratory bench for the theory of wide and deep neural networks.

Every public name is loaded on first use, so that `import ntkit` stays fast: torch, plotly and the
widgets arrive with the first name that needs them.
"""

from importlib import import_module
from importlib.metadata import version as _version

__version__ = _version("ntkit")

_HOME_OF = {
    "Activation": "activations",
    "activation": "activations",
    "catalogue": "activations",
    "normrelu": "activations",
    "cnn": "architectures",
    "conv_resnet": "architectures",
    "mlp": "architectures",
    "resnet": "architectures",
    "spectrum": "spectra",
    "empirical_nngp": "networks",
    "empirical_ntk": "networks",
    "lab": "explorers",
}
_MODULES = (
    "activations",
    "architectures",
    "conditioning",
    "data",
    "dual",
    "dynamics",
    "experiments",
    "explorers",
    "figures",
    "gaussian",
    "gram",
    "hardness",
    "kernels",
    "networks",
    "overfitting",
    "runner",
    "shapes",
    "spectra",
    "theorems",
)

__all__ = [*_HOME_OF, *_MODULES]


def __getattr__(name):
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _HOME_OF:
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; its public names are {', '.join(__all__)}")


def __dir__():
    return sorted({*globals(), *__all__})
