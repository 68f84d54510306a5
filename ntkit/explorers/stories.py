"""Stories: settings worth a look, and what to look at in them."""

from dataclasses import dataclass

from ntkit.explorers.settings import Settings


@dataclass(frozen=True)
class Story:
    """title: what it is called; caption: what to see; settings: the Settings to see it in."""

    title: str
    caption: str
    settings: Settings


_TOLD = (
    Story("ReLU: the slow collapse", "…", Settings(activation="relu", depth=120, delta=1e-4)),
    Story("NormReLU to the rescue", "…", Settings(activation="normrelu(c=-1.5975)", depth=120, delta=0.05)),
    Story("tanh at the edge", "…", Settings(activation="tanh", depth=120, delta=1e-4)),
)
STORIES = {story.title: story for story in _TOLD}
