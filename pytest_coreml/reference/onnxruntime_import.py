"""Import ONNX Runtime with its telemetry switched off: everything here takes the module from this one.

Since 1.32 its official builds for Linux, macOS and Windows collect telemetry by default: a device id and a database in
the user's cache folder, and events with the path of the executable, to be sent to Microsoft. Its Privacy.md names two
switches. The environment variable is read when the library is initialized, and prevents all of it. The function of the
API, for a process that has imported the module before us, stops most events.
"""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

onnxruntime.disable_telemetry_events()

__all__ = ["onnxruntime"]
