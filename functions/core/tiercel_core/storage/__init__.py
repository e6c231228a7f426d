"""Tasks of `io.kestra.plugin.core.storage`: files of internal storage, streamed."""
