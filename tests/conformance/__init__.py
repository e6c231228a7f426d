"""The conformance runner: any corpus laid out alike, against the product's public entry points."""
