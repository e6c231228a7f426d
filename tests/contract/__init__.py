"""What holds for every plugin: these tests walk the families, so that a new plugin is tested by existing."""
