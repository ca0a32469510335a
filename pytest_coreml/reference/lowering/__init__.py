'''Lower the operations of an ML Program to ONNX, one module for each family of operations.

How to write a family
---------------------

A family is a module of `ops`; a name that begins with `_` is for what families share. A family registers one handler
for each operation type, without opset prefix (`conv` for `ios15.conv` and `ios17.conv`). A handler gets a `Context` and
returns what the operation's outputs become: one result for one output, a tuple for several, in the program's order. It
has no other effect.

    @lowers("leaky_relu")
    def leaky_relu(ctx: Context) -> Value:
        """Lower `x if x >= 0 else alpha * x`."""
        return ctx.node("LeakyRelu", ctx.input("x"), alpha=float(ctx.scalar("alpha")))

* `ctx.input("x")` is the graph's value for a parameter, constant or not. `ctx.inputs("values")` where a parameter takes
  several; `ctx.optional("bias")` is ONNX's empty name if the parameter is not bound; `ctx.has("bias")` tells which.
* `ctx.const("perm")` is the value as a numpy array, `ctx.scalar("axis", -1)` one Python number, bool or string,
  `ctx.ints("pad", [0, 0])` and `ctx.flags(...)` lists, `ctx.axes("axes", rank)` and `ctx.axis("axis", rank, -1)`
  axes counted from the front. The second argument is the default; without one, the parameter is required. All of
  these refuse a parameter that the model computes; check `ctx.is_const("begin")` first if both cases can be lowered.
* `ctx.type("x")`, `.shape`, `.rank`, `.dtype` are what the program declares; an unknown dimension is None;
  `ctx.output_type(0)` is the declared type of an output. `ctx.op` is the operation itself.
* `ctx.node("Concat", x, y, axis=1)` adds an ONNX node (opset 20) and returns its output; `ctx.nodes("Split", x,
  outputs=3)` returns a tuple.
* `ctx.literal(number_or_array, dtype)` makes a new constant, `ctx.int64([0, -1])` one for shapes and axes;
  `ctx.as_int64("shape")` is an int32 parameter as int64, as ONNX requires; `ctx.cast(value, dtype)` converts.
* If there is nothing to compute, return the input: `return ctx.input("x")`.
* Call `ctx.refuse("mode X with rank 5")` if a form cannot be lowered; it completes "op x2 (first: 'name'): ...".
  All refusals of a model, and all operations without a handler, are reported in one error.
* A handler that knows its output while the model is loaded (`constexpr_*`) returns `ctx.constant(array, dtype)`.

Handlers need not handle half precision: the graph computes fp16 values in fp32 (`DType.compute`; `literal` and `cast`
do this for you). With strict precision, the walk rounds each output that the program declares as fp16. Integers keep
their declared type: cast to int64 where ONNX requires it, and back to `ctx.output_type().dtype` where ONNX returns
int64 (`ArgMax`, `Shape`, `NonZero`, `TopK`).

Blocks (`cond`, `while_loop`) can use the values outside. `ctx.lower_block(block, results)` lowers one into the current
graph; its results may be constants, lists or states, and `ctx.value(result)` is the graph's value of one.

    with ctx.subgraph("then") as graph:
        for result in ctx.lower_block(ctx.op.blocks[0]):
            graph.output(ctx.value(result))
    return ctx.nodes("If", ctx.input("pred"), then_branch=graph, else_branch=..., outputs=len(ctx.op.outputs))

`graph.input("i", DType.INT64, ())` declares an input of a sub-graph and returns its value. `ops/_branches.py` has the
If that chooses between two ways to compute one value.

Lists: `ctx.list_value("ls")` is a `ListValue`. States: `ctx.states` holds the current value of each by its name, and
`ctx.state("input").name` is the name of the one that a parameter is bound to.

A test of a family lives in `tests/unit/reference/lowering/ops/test_<family>.py` and uses `tests/support/one_op.py`: it
builds a model of one operation with coremltools' own builder, runs it, and compares with numpy or numbers computed
manually.
'''
