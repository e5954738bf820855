"""The parts of the coverage sweep: what is built, how it is measured, how it is reported."""
