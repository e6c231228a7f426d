"""For tests of plugins: run one as the runtime does, on services in memory, and check its contract."""

from tiercel.testing.conformance import check_plugin
from tiercel.testing.running import MemoryServices, run_plugin

__all__ = ["MemoryServices", "check_plugin", "run_plugin"]
