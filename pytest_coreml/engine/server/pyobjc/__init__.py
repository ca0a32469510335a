"""Core ML by PyObjC, which passes what coremltools cannot: half precision, output backings, predictions in flight.

Import PyObjC's modules only inside functions: they exist on macOS only.
"""
