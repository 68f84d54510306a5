"""Training comparisons: NormReLU against batch and layer normalisation, SELU and Fixup, on real images.

A `Model` says which network, a `Recipe` how it is trained, a `Trial` which of both on which images from which seed;
`run` trains a trial and returns its `History`.
Source: Agarwal, Awasthi, Kale (2021), section 7, appendices I.2 and I.3.
"""

from ntkit.experiments.batches import Augmentation, Batch, Batches, standardised

__all__ = [
    "Augmentation",
    "Batch",
    "Batches",
    "standardised",
]
