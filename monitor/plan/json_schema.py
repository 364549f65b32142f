"""The plan's JSON Schema, for completion and checks in an editor."""

from __future__ import annotations

from typing import Any

from monitor.plan.model import ChangePlan

DRAFT = "http://json-schema.org/draft-07/schema#"


def schema() -> dict[str, Any]:
    """The JSON Schema of a plan; `change_plans/plan.schema.json` holds it.

    Example:
        >>> schema()["title"], schema()["additionalProperties"]
        ('ChangePlan', False)
    """
    return {"$schema": DRAFT, **_simplified(ChangePlan.model_json_schema())}


def _simplified(node: Any) -> Any:
    """The schema without `null` (a plan has no empty values) and with plain lists for tuples."""
    if isinstance(node, list):
        return [_simplified(item) for item in node]
    if not isinstance(node, dict):
        return node
    content = {name: _simplified(value) for name, value in node.items() if (name, value) != ("default", None)}
    choices = [choice for choice in content.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        content = {**choices[0], **{name: value for name, value in content.items() if name != "anyOf"}}
    if "prefixItems" in content:
        content["items"] = content.pop("prefixItems")[0]
    return content
