"""Native durations."""

from __future__ import annotations

import numpy as np
import pytest
import standin_models as models
from standin.scenario import Failure, Times

X = np.ones((1, 4), np.float32)
TIMES = Times(first_load_ns=900, load_ns=100, first_predict_ns=50, predict_ns=(7, 8))


def test_predictions_take_what_the_scenario_says(mac, load):
    """None before the first; the first its own; then the list in turn."""
    mac.become(times=TIMES)
    model = load(models.program_spec())
    seen = [model._proxy.get_last_predict_duration_in_nano_seconds()]
    for _ in range(4):
        model.predict({"x": X})
        seen.append(model._proxy.get_last_predict_duration_in_nano_seconds())

    assert seen == [None, 50, 7, 8, 7]


def test_a_failed_prediction_leaves_the_former_duration(mac, load):
    """After an exception the getter is stale."""
    mac.become(times=TIMES, failures=(Failure("predict", "error", "no", call=2),))
    model = load(models.program_spec())
    model.predict({"x": X})

    with pytest.raises(RuntimeError, match="no"):
        model.predict({"x": X})

    assert model._proxy.get_last_predict_duration_in_nano_seconds() == 50


def test_a_batch_sets_one_total(mac, load):
    """The duration of a batch is that of all its items."""
    mac.become(times=TIMES)
    model = load(models.program_spec())

    model.predict([{"x": X}, {"x": X}, {"x": X}])

    assert model._proxy.get_last_predict_duration_in_nano_seconds() == 50 + 7 + 8


def test_a_path_used_before_loads_from_the_cache(mac, load):
    """The cache belongs to the path and the compute units."""
    from coremltools import ComputeUnit
    from coremltools.models import CompiledMLModel

    mac.become(times=TIMES)
    path = mac.compiled(models.program_spec())
    units = (ComputeUnit.ALL, ComputeUnit.ALL, ComputeUnit.CPU_ONLY)

    loads = [CompiledMLModel(path, compute_units=u)._proxy.get_load_duration_in_nano_seconds() for u in units]

    assert loads == [900, 100, 900]


def test_the_first_load_of_a_process_wakes_the_frameworks(mac, load):
    """The first load wakes the devices; later ones find them awake."""
    mac.become(times=Times(first_load_ns=900, waking_ns=50))

    loads = [load(models.program_spec(n), name)._proxy for n, name in ((1, "A"), (2, "B"))]

    assert [proxy.get_load_duration_in_nano_seconds() for proxy in loads] == [950, 900]


def test_a_package_is_compiled_anew_and_so_never_cached(mac):
    """MLModel makes a new folder each time."""
    from coremltools.models import MLModel

    mac.become(times=TIMES)
    path = mac.package(models.program_spec())

    assert [MLModel(path).load_duration_in_nano_seconds for _ in range(2)] == [900, 900]
