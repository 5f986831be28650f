"""Ports and readiness over HTTP, with the standard library: the supervisor stays small."""

import errno
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping

from cli.errors import Refusal

# A proxy from the environment must never come between our own processes.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_free(host: str, port: int) -> None:
    """Makes sure that we may listen there.

    Raises:
        Refusal: somebody else does, or the address is not ours.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise Refusal(
                f"Port {port} is reserved for the system: choose one from 1024 up with --port."
            ) from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise Refusal(f"{host} is not an address of this machine.") from None
            raise Refusal(
                f"Port {port} is in use by another program: stop it, or choose another port "
                "with --port."
            ) from None


def status(url: str, timeout: float = 1.0, headers: Mapping[str, str] | None = None) -> int:
    """HTTP status of a GET, 0 when nobody answers within `timeout` seconds."""
    try:
        # The settings have been checked: it is http or https.
        request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310
        with _DIRECT.open(request, timeout=timeout) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return 0


def answers(url: str) -> Callable[[], bool]:
    """A probe: whether `url` answers with a 2xx."""
    return lambda: 200 <= status(url) < 300
