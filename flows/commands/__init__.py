"""The commands of `pccp`, by what a person is doing. Each module offers `register(app)`."""
