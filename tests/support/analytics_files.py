"""Texts of `analytics.mil`, in the form that Core ML's compiler writes them."""

from __future__ import annotations

HEADER = 'program(1.3)\n[buildInfo = dict<string, string>({{"coremltools-version", "9.0"}})]\n{\n'
FUNCTION = (
    "    func main<ios18>(tensor_buffer<fp16, shape=[1, 4], strides=[4, 1], interleave_factors=[1, 1]> x) "
    "[Launch_ane_ms = fp64(0x1p-3), Launch_bnns_ms = fp64(0x0p+0), Src_ane_Dest_bnns_ms = fp64(0x1p-3), "
    "Src_bnns_Dest_ane_ms = fp64(0x1p-4)] {\n"
)
BACKENDS = ("unsupported", "mps_graph", "bnns", "classic_cpu", "ane")


def operation(
    output: str,
    operator: str,
    *,
    selected: str = "bnns",
    estimates: dict[str, float] | None = None,
    refused: str | None = None,
    arguments: str = "x = x",
) -> str:
    """Return the line of an operation; *refused*: the message about the Neural Engine."""
    times = estimates or {"bnns": 0.5}
    slots = ", ".join(f'"{name if name in times else "unsupported"}"' for name in BACKENDS)
    pairs = ", ".join(f'{{"{name}", {ms!r}}}' for name, ms in times.items())
    quoted = (refused or "").replace("\\", "\\\\").replace('"', '\\"')
    message = f', ValidationMessage = dict<string, string>({{{{"ane", "{quoted}"}}}})' if refused else ""
    return (
        f"            tensor<fp16, [1, 4]> {output} = {operator}({arguments})"
        f"[BackendSupport = list<string, 5>([{slots}]), EstimatedRuntime = dict<string, fp64>({{{pairs}}}), "
        f'SelectedBackend = string("{selected}"){message}, milId = uint64(1), name = string("{output}_0")];\n'
    )


def analytics(*operations: str) -> str:
    """Return the whole text."""
    return f"{HEADER}{FUNCTION}{''.join(operations)}        }} -> (y);\n}}"
