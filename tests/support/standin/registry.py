"""The registry of a stand-in Mac: a script that prints the driver clients of all its processes, as `ioreg -a` does.

Each prediction on compute units with a working GPU adds a millisecond of GPU time to its process. Another process, the
window server's, has used the GPU since the Mac was started.
"""

from __future__ import annotations

import json
import os
import plistlib
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

WINDOW_SERVER = 167
ANED = 512
NS_A_PREDICTION = 1_000_000


def client(kind: str, pid: int, name: str, **properties: Any) -> dict[str, Any]:
    """Return an entry of a client that the process *pid* has opened."""
    return {"IOObjectClass": kind, "IOUserClientCreator": f"pid {pid}, {name}", **properties}


def gpu(times: dict[int, int]) -> list[dict[str, Any]]:
    """Return the dump of the GPU; *times*: nanoseconds by process, in two entries as of two APIs."""
    clients = [
        client("AGXDeviceUserClient", pid, "python3.12", AppUsage=[usage(ns - ns // 3), usage(ns // 3)])
        for pid, ns in times.items()
    ]
    server = client("AGXDeviceUserClient", WINDOW_SERVER, "WindowServer", AppUsage=[usage(10**12)])
    idle = client("AGXDeviceUserClient", WINDOW_SERVER, "WindowServer", AppUsage=[])
    return [{"IOObjectClass": "AGXAcceleratorG16X", "IORegistryEntryChildren": [server, idle, *clients]}]


def usage(ns: int) -> dict[str, Any]:
    """Return the use of the GPU by one API."""
    return {"API": "Metal", "lastSubmittedTime": 1, "accumulatedGPUTime": ns}


def neural_engine(pids: list[int]) -> list[dict[str, Any]]:
    """Return the dump of the Neural Engine's driver: a connection of each of *pids*, and the system's service."""
    clients = [client("H1xANELoadBalancerDirectPathClient", pid, "python3.12") for pid in pids]
    service = client("H1xANELoadBalancerClient", ANED, "aned")
    return [{"IOObjectClass": "H1xANELoadBalancer", "IORegistryEntryChildren": [service, *clients]}]


def main(scenario_path: str, question: str) -> None:
    """Print the dump of the class in *question*, in the form that the scenario has."""
    path = Path(scenario_path)
    scenario = json.loads(path.read_text(encoding="utf-8"))
    journal = path.with_suffix(".journal")
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
    calls = [call for call in map(json.loads, lines) if call["stage"] in ("load", "predict")]
    form, working = scenario["registry"], scenario["working"]
    with journal.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"stage": "registry", "question": question}) + "\n")
    if form == "hang":
        time.sleep(60)
    if form == "text":
        sys.stdout.write("+-o AGXAcceleratorG16X  <class AGXAcceleratorG16X, registered, matched, active>\n")
        return
    if "IOAccelerator" in question:
        counts = Counter(call["pid"] for call in calls if "gpu" in working.get(call["units"], ()))
        times = {pid: count * NS_A_PREDICTION for pid, count in counts.items()}
        dump = gpu({pid: _changed(form, ns) for pid, ns in times.items()})
    else:
        dump = neural_engine(sorted({c["pid"] for c in calls if "neuralEngine" in working.get(c["units"], ())}))
    sys.stdout.buffer.write(plistlib.dumps(dump))


def _changed(form: str, ns: int) -> int:
    # One that falls, as one of few bits does again and again.
    return {"negative": -ns, "falling": (1 << 40) - ns}.get(form, ns)


if __name__ == "__main__":
    main(os.environ["COREML_STANDIN"], " ".join(sys.argv[1:]))
