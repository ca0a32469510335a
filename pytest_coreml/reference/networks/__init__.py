'''Lowers neural networks (`neuralNetwork` and its classifier and regressor) to ONNX, one module a family of layers.

How to write a family
---------------------

A family is a module `<family>_layers.py` of `layers`; modules that begin with `_` are shared by families. A family
registers one handler for each type of layer, by the name of its field in `NeuralNetworkLayer`. A handler gets a
`LayerContext` and returns what the layer's outputs become: one tensor or blob, or a list of them in the layer's order.

    @lowers("leakyReLU")
    def leaky_relu(ctx: LayerContext) -> Blob:
        """Lower `x if x >= 0 else alpha * x`."""
        return ctx.map(lambda x: ctx.node("LeakyRelu", x, alpha=ctx.params.alpha))

* `ctx.params` is the message of the layer.
* `ctx.x(1)` is the second input as a tensor in the shape that the network sees; `ctx.image()` the first input with all
  axes before channels, height and width as one, which is what ONNX's convolutions want. Both are free: a blob knows its
  two forms (`tensors.py`). What a handler computed from an image goes back by `ctx.from_image(tensor)`.
* `ctx.map(f)` is for one input and any form of it: for what looks at single elements, or at axes counted from the back.
* `ctx.node(...)` adds an ONNX node and infers the type of its output. `tensor.shape` may hold None for a size that is
  known only when the model runs; `ctx.sizes(tensor)` are sizes as numbers or as values of the graph, and
  `ctx.static(tensor)` refuses what is not known. Networks are lowered again for each set of input shapes, so that
  nearly everything is known.
* Everything is float32, indices and truth values too: `ctx.integers(tensor)`, `ctx.truth(tensor)` and
  `ctx.floats(tensor)` convert.
* `ctx.weights(params.weights, shape)` decodes weights, whatever they are stored in.
* `ctx.refuse("mode X")` where a form cannot be lowered. All refusals of a network, and all layers without a handler,
  make one error.

Two kinds of networks: in those of *rank five* each blob is [sequence, batch, channels, height, width]; in *N-d*
networks each blob has its own rank, and the layers of the first kind act on its last three axes (`mapping.py`).

A test of a family lives in `tests/unit/reference/networks/test_<family>.py` and uses `tests/support/one_layer.py`: it
builds a network of one layer with coremltools' own builder, runs it, and compares with numpy.
'''
