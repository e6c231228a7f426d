"""The conformance runner: any corpus laid out as VOCABULARY.md says, against the product's public entry points."""
