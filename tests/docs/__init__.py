"""The documents say what is so: examples run, links lead somewhere, instructions work as written."""
