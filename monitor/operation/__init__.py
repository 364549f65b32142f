"""What a person or a schedule asks for: bind a workspace, ingest, run nights, replay, approve, apply.

The only room with effects on more than one other room; it holds no statistics of its own.
"""
