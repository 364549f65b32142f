"""Sign-off in the browser: the review pages on loopback, and the functions that the command line calls."""

from flows.sign_off.pages import Pages
from flows.sign_off.running import serve

__all__ = ["Pages", "serve"]
