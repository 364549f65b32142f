"""The sites of a night on the workers of a Dask cluster, through Prefect's task runner for it.

A share of the sites travels as bytes that only this product packs and opens, and comes back as bytes.
Workers read no file and write none; the one process that holds the workspace records what they found.
"""

# No `from __future__ import annotations` here: Prefect resolves the annotations of tasks.

import hashlib
import logging
import pickle
import platform
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from prefect import task
from prefect.cache_policies import NO_CACHE

import monitor
from monitor.errors import MonitorError, UsageError
from monitor.operation.spreading import Spread, here
from monitor.settings import FILE, read_settings

PATIENCE_SECONDS = 30.0
"""How long to wait for a share before asking whether any worker is left."""


@contextmanager
def spread_of(workspace: Path) -> Generator[Spread]:
    """Where the workspace's settings have its sites worked on, ready for use.

    Raises:
        UsageError: The extra `dask` is not installed, or no scheduler with a worker answers.
    """
    workers = read_settings(workspace).workers
    if workers is None:
        yield here
        return
    with tempfile.TemporaryDirectory() as folder, _runner(workers, folder) as runner:
        yield partial(_spread, runner)


@task(name="sites", cache_policy=NO_CACHE, persist_result=False)
def share(packed: bytes) -> bytes:
    """Work on one share of the sites.

    Args:
        packed: The function and its items.

    Returns:
        The results in the order of the items, with the software that made them.
    """
    work, items = pickle.loads(packed)  # noqa: S301  packed by `_spread`, for workers of the same operator
    return pickle.dumps((software(), here(work, items)))


@cache
def software() -> str:
    """What results depend on besides their items: this product's source, Python, NumPy and SciPy."""
    digest, folder = hashlib.sha256(), Path(monitor.__file__).parent
    for file in sorted(folder.rglob("*.py")):
        digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes())
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}"
    return f"pccp-monitor {monitor.__version__} (source {digest.hexdigest()[:12]}), {versions}"


@contextmanager
def _runner(workers: str, folder: str) -> Generator[Any]:
    """Prefect's task runner on the cluster of the settings, which has at least one worker."""
    try:
        import distributed
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise UsageError(
            f"{FILE}: workers: needs the extra dask: pip install 'pccp-monitor[dask]'"
        ) from error

    logging.getLogger("distributed").setLevel(logging.WARNING)
    local = workers.removeprefix("local:")
    if local == workers:
        made = DaskTaskRunner(address=workers, client_kwargs={"timeout": PATIENCE_SECONDS})
    else:
        asked = {"n_workers": int(local), "threads_per_worker": 1, "processes": True}
        made = DaskTaskRunner(
            cluster_class=distributed.LocalCluster,
            cluster_kwargs={**asked, "dashboard_address": "127.0.0.1:0", "local_directory": folder},
        )
    with made as runner:
        try:
            runner.client.wait_for_workers(1, timeout=PATIENCE_SECONDS)
        except OSError as error:  # TimeoutError is one
            raise UsageError(
                f"{FILE}: workers: no Dask scheduler with a worker answers at {workers}; start them, or take "
                "the key out: the night finds the same without"
            ) from error
        yield runner


def _spread(runner: Any, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """Apply a function to each item, a share for each worker; a single item is not worth the way."""
    if len(items) < 2:
        return here(work, items)
    shares = min(len(items), max(1, len(runner.client.nthreads())))
    edges = [len(items) * number // shares for number in range(shares + 1)]
    packed = [pickle.dumps((work, list(items[first:last]))) for first, last in pairwise(edges)]
    futures = [runner.submit(share, {"packed": part}) for part in packed]
    return [result for future in futures for result in _opened(_answer(runner, future))]


def _answer(runner: Any, future: Any) -> bytes:
    """What a share came to. A worker that dies is replaced: the scheduler gives its share to another.

    Raises:
        MonitorError: No worker is left, the scheduler is gone, or a share ended every worker it was given to.
    """
    from distributed import CancelledError, KilledWorker

    while True:
        try:
            return future.result(timeout=PATIENCE_SECONDS)
        except TimeoutError:
            if not runner.client.nthreads():
                raise MonitorError(f"no worker is left{UNSTORED}") from None
        except (CancelledError, KilledWorker) as error:
            raise MonitorError(f"the workers lost a share of the sites{UNSTORED}") from error


UNSTORED = "; nothing of this night is stored, and the next run makes it up"


def _opened(answer: bytes) -> list[Any]:
    """The results of a share.

    Raises:
        MonitorError: They were made by other software than this process has.
    """
    made_by, results = pickle.loads(answer)  # noqa: S301  packed by `share`
    if made_by != software():
        raise MonitorError(f"a worker has {made_by}, expected {software()}{UNSTORED}")
    return results
