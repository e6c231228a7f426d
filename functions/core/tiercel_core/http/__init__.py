"""Tasks and the trigger of `io.kestra.plugin.core.http`."""
