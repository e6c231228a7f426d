"""Tasks of `io.kestra.plugin.core.flow`: they decide what runs next and do no work of their own."""
