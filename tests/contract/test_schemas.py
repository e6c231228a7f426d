"""Every plugin's schema is the catalog's, but for what the plugin lists with a reason."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.contract.catalog import differences, types
from tests.contract.families import PLUGINS, Plugin

SECRET_NAME = re.compile(r"password|secret|token$|accesskey|apikey|privatekey|passphrase", re.IGNORECASE)
each_plugin = pytest.mark.parametrize(
    "plugin", [pytest.param(plugin, id=plugin.task_types[0]) for _, plugin in PLUGINS]
)
# a plugin may have a type that Kestra does not know: then there is nothing to hold it against;
# and what Kestra keeps to itself nobody writes into a flow
each_plugin_of_the_catalog = pytest.mark.parametrize(
    "plugin",
    [
        pytest.param(plugin, id=plugin.task_types[0])
        for _, plugin in PLUGINS
        if plugin.task_types[0] in types() and not types()[plugin.task_types[0]].get("internal")
    ],
)


@each_plugin_of_the_catalog
def test_the_schema_is_the_catalogs_but_for_listed_differences(plugin: Plugin) -> None:
    found = differences(plugin, types()[plugin.task_types[0]])
    listed = plugin.catalog_differences
    assert {name: why for name, why in found.items() if name not in listed} == {}, (
        "differences without a reason"
    )
    assert [name for name in listed if name not in found] == [], "listed differences that do not exist"
    assert all(reason.strip() for reason in listed.values())


@each_plugin_of_the_catalog
def test_aliases_and_kind_are_the_catalogs(plugin: Plugin) -> None:
    facts = types()[plugin.task_types[0]]
    assert set(plugin.task_types[1:]) == set(facts.get("aliases", ()))
    assert plugin.kind == facts["kind"]


@each_plugin
def test_secrets_are_typed_as_secrets(plugin: Plugin) -> None:
    facts = types().get(plugin.task_types[0], {}).get("properties", ())
    marked = {fact["name"] for fact in facts if fact.get("secret")}
    properties = plugin.parameter_schema().get("properties", {})
    named = {name for name in properties if SECRET_NAME.search(name)}
    assert [name for name in marked | named if not write_only(properties[name])] == []


@each_plugin
def test_every_property_and_output_is_described(plugin: Plugin) -> None:
    for schema in (plugin.parameter_schema(), plugin.output_schema()):
        models = {"": schema, **schema.get("$defs", {})}
        missing = [
            f"{model}.{name}"
            for model, found in models.items()
            for name, one in found.get("properties", {}).items()
            if not one.get("description")
        ]
        assert missing == []


def write_only(schema: Mapping[str, Any]) -> bool:
    """Tell whether a property is a SecretStr."""
    return bool(schema.get("writeOnly")) or any(choice.get("writeOnly") for choice in schema.get("anyOf", ()))
