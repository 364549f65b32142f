"""Post-deployment monitoring and recalibration of medical AI under a change-control plan."""

__version__ = "0.1.0"
