"""What is timed, one area per file."""
