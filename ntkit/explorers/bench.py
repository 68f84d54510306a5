"""What linked panels look at together: the settings, the objects that they name, and who is told when they change."""

import functools
from collections import OrderedDict
from dataclasses import fields, replace

import ntkit as nk
from ntkit.explorers.mesh import Meshes
from ntkit.explorers.settings import LARGEST_N, Settings
from ntkit.specification import is_of_catalogue, parse_activation

_SETTING_NAMES = tuple(field.name for field in fields(Settings))
_REMEMBERED = 64


class Bench:
    """Settings with the activation, data and network that they stand for.

    Parameters: any of the fields of Settings.  An activation may also be an nk.Activation or a function of one array,
    data an nk.data.Dataset, and images an nk.data.ImageSet: they are kept under their name, which is then what the
    settings hold.
    Raises: ValueError or TypeError for settings out of range and for unknown names; nothing changes then.

    >>> bench = Bench(activation="tanh", delta=0.1)
    >>> bench.sigma.name, bench.delta
    ('normalized tanh', 0.1)
    """

    def __init__(self, **settings):
        self._own_activations, self._own_data, self._own_images = {}, {}, {}
        self._remembered = OrderedDict()
        self.meshes = Meshes()
        self._listeners = []
        self.settings = self._canonical(self._replaced(Settings(), settings))
        self.initial = self.settings

    # ---- change

    def update(self, **changes):
        """Change settings all at once; listeners hear once, with the names of what differs."""
        self.adopt(self._replaced(self.settings, changes))

    def adopt(self, settings):
        """Take over a whole Settings; listeners hear once, with the names of what differs."""
        earlier, self.settings = self.settings, self._canonical(settings)
        changed = {name for name in _SETTING_NAMES if getattr(earlier, name) != getattr(self.settings, name)}
        if changed:
            self._tell(changed)

    def _tell(self, changed):
        """Call every listener, also after one of them failed; then raise what failed first."""
        failures = []
        for listener in tuple(self._listeners):
            try:
                listener(changed)
            except Exception as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def listen(self, callback):
        """Call `callback` with the set of changed names after every change."""
        self._listeners.append(callback)

    def _replaced(self, settings, changes):
        unknown = sorted(set(changes) - set(_SETTING_NAMES))
        if unknown:
            raise TypeError(f"a lab has the settings {', '.join(_SETTING_NAMES)}; got {', '.join(unknown)}.")
        if "activation" in changes:
            changes["activation"] = self._named_activation(changes["activation"])
        if "rivals" in changes:
            changes["rivals"] = tuple(map(self._named_activation, changes["rivals"]))
        changes |= {name: tuple(changes[name]) for name in ("depths", "panels") if name in changes}
        if "data" in changes:
            changes["data"] = self._named_data(changes["data"])
        if "images" in changes:
            changes["images"] = self._named_images(changes["images"])
        return self._with_delta(settings, changes)

    def _with_delta(self, settings, changes):
        new = replace(settings, **changes)
        if "delta" in changes and new.delta != settings.delta and not self._takes(new, "delta"):
            raise ValueError(
                f"delta of the data set {new.data!r} is measured ({self._dataset(new).delta:.6g}), not chosen. "
                'Take points made to a separation, such as data="sphere", to choose it.'
            )
        return new

    def _canonical(self, settings):
        """The settings with each activation under its own name; every name in them is known."""
        if settings.data not in self._own_data:
            _options(settings.data)
        self._require_images(settings.images)
        rivals = tuple(self.resolve(name).name for name in settings.rivals)
        return replace(settings, activation=self.resolve(settings.activation).name, rivals=rivals)

    # ---- names

    def _named_activation(self, given):
        if isinstance(given, str):
            return given.strip()
        sigma = given if isinstance(given, nk.Activation) else nk.Activation(_name_of(given), given)
        if not is_of_catalogue(sigma):
            self._own_activations[sigma.name] = sigma
        return sigma.name

    def _named_data(self, given):
        if isinstance(given, nk.data.Dataset):
            if given.n > LARGEST_N:
                raise ValueError(
                    f"data of a lab must have at most {LARGEST_N} points, to keep up with its sliders; got {given.n}. "
                    "Take fewer rows, or call nk.spectrum and nk.networks.train, which take any number."
                )
            self._own_data[given.name] = given
            return given.name
        return given

    def _named_images(self, given):
        if isinstance(given, nk.data.ImageSet):
            self._own_images[given.name] = given
            return given.name
        return given

    def _require_images(self, name):
        known = *self._own_images, *nk.data.image_set_names()
        if name not in known:
            raise ValueError(
                f"images must be one of {', '.join(known)}; got {name!r}. Your own come as an nk.data.ImageSet, as "
                "nk.data.images_from_arrays makes it."
            )

    @property
    def own_activations(self):
        """Names of the activations that the user brought."""
        return tuple(self._own_activations)

    @property
    def own_data(self):
        """Names of the data sets that the user brought."""
        return tuple(self._own_data)

    @property
    def own_images(self):
        """Names of the image sets that the user brought."""
        return tuple(self._own_images)

    def resolve(self, name):
        """The activation called `name`, as the literature or the user defines it."""
        if name in self._own_activations:
            return self._own_activations[name]
        return self.remember(("activation", name), lambda: parse_activation(name))

    # ---- what the settings stand for

    @property
    def raw_sigma(self):
        """The chosen activation, not normalised."""
        return self.resolve(self.settings.activation)

    @property
    def sigma(self):
        """The chosen activation, normalised: the theorems need E σ = 0 and E σ² = 1."""
        return self.normalized(self.settings.activation)

    def normalized(self, name):
        """The activation called `name`, normalised."""
        return self.remember(("normalized", self.resolve(name)), self.resolve(name).normalized)

    @property
    def network(self):
        """The architecture of the chosen depth and normalised activation."""
        return nk.mlp(self.settings.depth, self.sigma)

    @property
    def dataset(self):
        """The chosen data, as an nk.data.Dataset."""
        return self._dataset(self.settings)

    @property
    def n(self):
        """How many points the chosen data has, known before they are made."""
        own = self._own_data.get(self.settings.data)
        return own.n if own else self.settings.n

    @property
    def delta(self):
        """The separation that the data has: the one asked for, or where data cannot be asked the one measured."""
        return self.settings.delta if self.delta_is_chosen else self.dataset.delta

    @property
    def delta_is_chosen(self):
        """Whether the chosen data set can be given its separation."""
        return self._takes(self.settings, "delta")

    @property
    def image_source(self):
        """The chosen images as an nk.experiments.Trial takes them: a name, or the nk.data.ImageSet of the user."""
        return self._own_images.get(self.settings.images, self.settings.images)

    def data_arguments(self):
        """The keyword arguments with which nk.data.load makes the chosen data."""
        return self._arguments(self.settings)

    def _takes(self, settings, option):
        return settings.data not in self._own_data and option in _options(settings.data)

    def _arguments(self, settings):
        wanted = ("delta",) if settings.data == "two_points" else ("n", "delta", "seed")
        return {option: getattr(settings, option) for option in wanted if self._takes(settings, option)}

    def _dataset(self, settings):
        if settings.data in self._own_data:
            return self._own_data[settings.data]
        arguments = self._arguments(settings)
        key = ("data", settings.data, *arguments.items())
        return self.remember(key, lambda: nk.data.load(settings.data, **arguments))

    def knows(self, key):
        """Whether `remember` would answer at once."""
        return key in self._remembered

    def remember(self, key, compute):
        """`compute()`, or what it gave when it was last asked for under `key`; the oldest are forgotten."""
        if key not in self._remembered:
            self._remembered[key] = compute()
        self._remembered.move_to_end(key)
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return self._remembered[key]


_options = functools.cache(nk.data.options)


def _name_of(function):
    """What a function is called, where it has a name that can be read."""
    name = getattr(function, "__name__", "")
    return name if name.isidentifier() else "mine"
