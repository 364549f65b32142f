"""Documents as files for the archive: tagged PDF, the blocks and figures of the page on paper."""

from monitor.documentation.pdf.blocks import block
from monitor.documentation.pdf.content import all_printable
from monitor.documentation.pdf.render import dossier_pdf, typeset

__all__ = ["all_printable", "block", "dossier_pdf", "typeset"]
