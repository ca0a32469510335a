"""Execution of models with ONNX Runtime: a function, a program, a pipeline, and the tensors of their states."""
