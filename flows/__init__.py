"""The command line and the Prefect flows. No arithmetic here: everything is a call into `monitor`.

Dependencies read these settings when they are first imported, so they stand here. A value that the
operator has set already is kept, except that nothing of this product ever asks to be tracked.
"""

import os

SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_CLI_PROMPT": "false",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}

for _name, _value in SETTINGS.items():
    os.environ.setdefault(_name, _value)
