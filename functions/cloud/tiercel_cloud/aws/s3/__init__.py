"""Tasks of `io.kestra.plugin.aws.s3`."""
