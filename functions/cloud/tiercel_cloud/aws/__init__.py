"""Tasks of `io.kestra.plugin.aws`, one module per service."""
