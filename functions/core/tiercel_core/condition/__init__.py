"""Conditions of `io.kestra.plugin.core.condition`: they decide whether a trigger fires."""
