"""One virtual environment per peer, made once from its frozen requirements and kept beside this file."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE / ".environments"
QUIET = {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"}
"""No peer reports its use."""


def python_of(peer: str) -> Path:
    """The interpreter of a peer's environment, which is made if its requirements are new.

    An environment whose installation was cut off is made again.

    Args:
        peer: Name of a file of requirements in `peers`, without its suffix.

    Raises:
        subprocess.CalledProcessError: The packages could not be installed.
    """
    requirements = HERE / "peers" / f"{peer}.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = CACHE / f"{peer}-{digest}"
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        print(f"installing {peer} into {folder.relative_to(HERE)}", file=sys.stderr, flush=True)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", "-r", requirements], check=True)  # noqa: S603  ours
        (folder / "installed").touch()
    return python
