"""Models that are not networks or programs: trees, linear models, support vectors, feature engineering.

Reading order: `model_kinds.py` (the registry of makers), `classic_model.py` (a loaded model: reads inputs, computes,
writes outputs), then any module of `kinds/`. `labels.py` and `links.py` are shared by classifiers and regressors.

**To add a type**, write a module in `kinds/` with a maker, which reads the message once and returns a function from
values to values:

    @predicts("scaler")
    def scaler(message, description):
        shift, scale = np.array(message.shiftValue), np.array(message.scaleValue)
        only = description.output[0].name

        def compute(values):
            return {only: (values.single() + shift) * scale}

        return compute

`values` are the inputs by name, in the types that `interface/plain_values.py` describes; absent optional inputs are
left out. What `compute` returns is converted to the declared types of the outputs. Everything is computed in double
precision, as Core ML does. A maker checks all it can when the model is loaded and raises `BadModelError` or
`UnsupportedModelError`; `compute` raises `BadInputError` for values that it cannot take. Modules in `kinds/` are found
by themselves.
"""
