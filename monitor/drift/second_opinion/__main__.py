"""The process of its own: columns on standard input, Evidently's answer as JSON on standard output."""

from __future__ import annotations

import contextlib
import io
import json
import sys

import numpy as np

from monitor.drift.second_opinion.reporting import Received, answer


def main() -> None:
    """Read one archive of arrays whose `header` describes them; what Evidently prints goes to stderr."""
    with np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False) as archive:
        header = json.loads(archive["header"].tobytes())
        columns = [
            Received(
                column["name"],
                column["kind"],
                tuple(column["levels"]),
                archive[f"reference_{number}"],
                archive[f"current_{number}"],
            )
            for number, column in enumerate(header["columns"])
        ]
    with contextlib.redirect_stdout(sys.stderr):
        found = answer(columns, page=header["page"])
    json.dump(found, sys.stdout, allow_nan=False)


if __name__ == "__main__":
    main()
