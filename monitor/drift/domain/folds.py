"""Folds of whole patients, and relabellings of patients inside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from monitor.records import IntArray, TextArray


@dataclass(frozen=True)
class Folds:
    """Which rows are scored together.

    Attributes:
        patient: Index of each row's patient in the sorted list of all, shape (n,).
        fold: Fold of each row, shape (n,); all rows of a patient have the same.
        held: Rows of each fold.
    """

    patient: IntArray
    fold: IntArray
    held: tuple[IntArray, ...]


def deal_folds(patient: TextArray, label: IntArray, folds: int, rng: np.random.Generator) -> Folds:
    """Deal patients into folds so that each fold has its share of every label.

    Patients with the same labels form a stratum; those who occur under several labels are strata of their
    own. Labels are later exchanged inside a fold only, so that dealing by label costs no exactness.

    Args:
        patient: Shape (n,).
        label: Domain of each row, shape (n,), from 0.
        folds: Their number.
        rng: Orders the patients of a stratum.

    Example:
        >>> who = np.array(["a", "b", "a", "c", "d"], dtype=object)
        >>> dealt = deal_folds(who, np.array([0, 0, 1, 1, 0]), 2, np.random.default_rng(1))
        >>> sorted(len(rows) for rows in dealt.held) in ([1, 4], [2, 3])
        True
    """
    names, code = np.unique(patient.astype(str), return_inverse=True)
    seen = np.zeros((len(names), int(label.max()) + 1), dtype=bool)
    seen[code, label] = True
    _, stratum = np.unique(seen, axis=0, return_inverse=True)
    fold_of = np.empty(len(names), dtype=np.int64)
    order = np.lexsort((rng.random(len(names)), stratum.ravel()))
    fold_of[order] = np.arange(len(names)) % folds
    fold = fold_of[code]
    return Folds(code, fold, tuple(np.flatnonzero(fold == number) for number in range(folds)))


def relabellings(label: IntArray, folds: Folds, count: int, rng: np.random.Generator) -> Iterator[IntArray]:
    """The labels as they are, then `count` times with labels exchanged between patients.

    A block is a patient's rows under one label. Patients with one block exchange labels inside their fold;
    a patient with several exchanges them among the own blocks. If nothing sets the domains apart, each
    relabelling is as likely as the one that was seen.

    Args:
        label: Shape (n,).
        folds: How the patients were dealt.
        count: Number of relabellings.
        rng: Draws them.

    Yields:
        Labels, shape (n,).

    Example:
        A patient seen under both labels keeps both.

        >>> who, label = np.array(["a", "a"], dtype=object), np.array([0, 1])
        >>> dealt = deal_folds(who, label, 2, np.random.default_rng(1))
        >>> {tuple(sorted(one.tolist())) for one in relabellings(label, dealt, 9, np.random.default_rng(2))}
        {(0, 1)}
    """
    yield label
    first, block = blocks_of(label, folds)
    of_block, patient = label[first], folds.patient[first]
    several = np.bincount(patient)[patient] > 1
    group = np.where(several, len(folds.held) + patient, folds.fold[first])
    place = np.argsort(group, kind="stable")
    for _ in range(count):
        moved = np.empty_like(of_block)
        moved[place] = of_block[np.lexsort((rng.random(len(group)), group))]
        yield moved[block]


def blocks_of(label: IntArray, folds: Folds) -> tuple[IntArray, IntArray]:
    """A row of each block, and the block of each row; a block is a patient's rows under one label.

    Example:
        >>> who, label = np.array(["a", "a", "b"], dtype=object), np.array([0, 1, 1])
        >>> first, block = blocks_of(label, deal_folds(who, label, 2, np.random.default_rng(1)))
        >>> first.tolist(), block.tolist()
        ([0, 1, 2], [0, 1, 2])
    """
    keys = folds.patient * (int(label.max()) + 1) + label
    _, first, block = np.unique(keys, return_index=True, return_inverse=True)
    return first, block
