"""How a process has ended, in words."""

from __future__ import annotations

import signal
from typing import Final

_HINTS: Final[dict[int, str]] = {
    signal.SIGKILL: "the system does this when memory runs out",
    signal.SIGABRT: "native code gave up",
    signal.SIGSEGV: "native code touched memory that is not its own",
}


def ending(status: int) -> str:
    """Say what *status* means, as `subprocess` gives it: the negative of a signal, or what the process said itself."""
    if status >= 0:
        return f"exited with status {status}"
    hint = f" ({_HINTS[-status]})" if -status in _HINTS else ""
    return f"was ended by {_name(-status)}{hint}"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        # Real-time signals have no names.
        return f"signal {number}"
