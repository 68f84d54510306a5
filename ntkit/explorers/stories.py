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
    Story(
        "ReLU: the slow collapse",
        "Two inputs that are almost alike, δ = 10⁻⁴.  For some fifteen layers nothing seems to happen, while every "
        "layer multiplies the separation by more than 1 + μ/2; then the correlation collapses.  The bound promises "
        "that after L₀ = 69 layers; the exact curve is there sooner, and the NTK sooner still.",
        Settings(activation="relu", depth=100, delta=1e-4),
    ),
    Story(
        "NormReLU to the rescue",
        "After 64 layers normalised ReLU has forgotten which digits are alike: κ = 1, its kernels are the identity, "
        "and its NTK has grown like 1.47⁶⁴.  NormReLU is so close to linear (μ = 0.0156) that its NTK grows like "
        "1.04⁶⁴ and still tells the digits apart, while κ has come down from thousands.  Choose relu to compare.",
        Settings(activation="normrelu", depth=64, data="digits"),
    ),
    Story(
        "tanh at the edge",
        "Normalised tanh lies just on the chaotic side of the edge: the slope of its dual at 1 is 1.18.  By that "
        "factor a layer two nearby inputs drift apart, evenly, until they are independent; the edge itself, slope 1, "
        "is for linear networks only.",
        Settings(activation="tanh", depth=128, delta=1e-4),
    ),
    Story(
        "Digits: depth conditions",
        "48 handwritten digits, as close as they come.  Move the depth from 1 to 16 and watch κ of the NTK fall from "
        "hundreds to one, and the predicted training with it go from slow to immediate.",
        Settings(activation="relu", depth=4, data="digits", depths=(1, 8), rivals=("relu",)),
    ),
    Story(
        "No linear part at all",
        "The second Hermite polynomial has μ = 1: every layer squares the correlation.  Sixteen layers turn 0.9999 "
        "into 0.0014, and seven more into less than the smallest number there is; the bound, which knows only μ, needs "
        "22 layers to come down to a half.",
        Settings(activation="quadratic", depth=24, delta=1e-4),
    ),
)
STORIES = {story.title: story for story in _TOLD}
"""The stories of the lab, by their titles."""
