"""One change attempt: opened by an alarm, fitted, judged at its looks, followed up after deployment."""
