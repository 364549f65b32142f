"""A site's nights in the forms that rules read them in, each computed once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from nights import Site

from monitor.drift import FrozenFeature, freeze_continuous
from monitor.records import FloatArray, IntArray


class Compared:
    """A site's sorted nights and what several rules need of them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.sorted = np.sort(site.values, axis=1)
        self.sorted.flags.writeable = False
        self.reference = np.sort(site.reference, axis=None)

    @cached_property
    def ranks(self) -> IntArray:
        """How many of the reference lie at or below each value, shape (nights, studies)."""
        flat = np.searchsorted(self.reference, self.sorted.ravel(), side="right")
        return flat.reshape(self.sorted.shape)

    @cached_property
    def feature(self) -> FrozenFeature:
        """The reference as the product freezes it."""
        return freeze_continuous(self.site.reference.ravel(), self.site.reference_patients)

    @cached_property
    def codes(self) -> IntArray:
        """Codes of all nights; neighbours stay together where they are of one patient."""
        values = self.site.values if self.site.paired else self.sorted
        return self.feature.code(values.ravel()).reshape(values.shape)

    @cached_property
    def counts(self) -> FloatArray:
        """Studies of each night with each code."""
        return counts_by_night(self.codes, len(self.feature.counts))


def counts_by_night(codes: IntArray, size: int) -> FloatArray:
    """How often each code occurs on each night, shape (nights, size)."""
    nights = len(codes)
    flat = codes + size * np.arange(nights)[:, None]
    return np.bincount(flat.ravel(), minlength=nights * size).reshape(nights, size).astype(np.float64)
