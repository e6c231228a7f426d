"""Ways of connecting that are not the usual one: through a proxy, or without looking at certificates."""

from typing import Literal, NamedTuple


class Proxy(NamedTuple):
    """A proxy to go through; `auth`: user name and password."""

    kind: Literal["HTTP", "SOCKS"]
    host: str
    port: int
    auth: tuple[str, str] | None = None

    @property
    def url(self) -> str:
        """Give the proxy's address as a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'socks5' if self.kind == 'SOCKS' else 'http'}://{host}:{self.port}"


class Way(NamedTuple):
    """How a call connects. `verify`: whether a server has to show a certificate that is trusted."""

    verify: bool = True
    proxy: Proxy | None = None


USUAL = Way()
