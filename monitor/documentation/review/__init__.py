"""Pages of the monitoring room: `write_review` makes one for all places, one for each, one for the alarms.

A server draws the same pages with `drawable_pages`, on which a `Desk` puts the forms of one session.
"""

from monitor.documentation.review.desk import Desk, Refusal
from monitor.documentation.review.notices import notice_page, signed_page
from monitor.documentation.review.render import script_hash, text_of
from monitor.documentation.review.write import Draw, drawable_pages, review_pages, write_review

__all__ = [
    "Desk",
    "Draw",
    "Refusal",
    "drawable_pages",
    "notice_page",
    "review_pages",
    "script_hash",
    "signed_page",
    "text_of",
    "write_review",
]
