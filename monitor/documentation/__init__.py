"""Documents about a change: `dossier` says what they contain, `write_dossier` makes the files."""

from monitor.documentation.content import dossier
from monitor.documentation.evidence import History, history_of
from monitor.documentation.html import index_page, summary
from monitor.documentation.write import write_dossier

__all__ = ["History", "dossier", "history_of", "index_page", "summary", "write_dossier"]
