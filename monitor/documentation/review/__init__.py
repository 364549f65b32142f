"""Pages of the monitoring room: `write_review` makes one for all places, one for each, one for the alarms."""

from monitor.documentation.review.write import review_pages, write_review

__all__ = ["review_pages", "write_review"]
