"""The dossier as a file for the archive: tagged PDF, the blocks and figures of the page on paper."""

from monitor.documentation.pdf.render import dossier_pdf

__all__ = ["dossier_pdf"]
