"""What the deployments of a workspace are called."""

from __future__ import annotations

from pathlib import Path


def deployment_name(workspace: Path) -> str:
    """The workspace's folder name, in the letters that Prefect allows.

    Example:
        >>> deployment_name(Path("/srv/Site Network%2"))
        'Site-Network-2'
    """
    return "".join(c if c.isalnum() else "-" for c in workspace.resolve().name) or "workspace"
