"""Types of `io.kestra.plugin.core.dashboard`: what dashboards are made of. The console draws them."""
