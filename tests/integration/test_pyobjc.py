"""Core ML by PyObjC, on a stand-in Mac: the whole path of `--coreml-api=pyobjc`, over the reference runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import standin_models
from standin.scenario import ObjC

if TYPE_CHECKING:
    from mac_project import MacProject

API = "--coreml-api=pyobjc"
NEWEST = "12.2.2"

APP = """
    import numpy as np
    import pytest

    pytestmark = pytest.mark.coreml_model("Model.mlpackage")
    X = np.array([[-1, 2, -3, 4]], np.float16)

    def test_backed(coreml_model):
        mine = np.zeros((1, 4), np.float16)
        out = coreml_model.predict({"x": X}, output_backings={"y": mine})
        assert out["y"] is mine
        np.testing.assert_array_equal(mine, [[0, 2, 0, 4]])
        assert coreml_model.io.inputs == {"x": "float16"}
        assert coreml_model.io.outputs == {"y": PLACE}

    def test_conventions_of_coremltools(coreml_model):
        out = coreml_model.predict({"x": X})
        assert out["y"].dtype == np.float32
        np.testing.assert_array_equal(out["y"], [[0, 2, 0, 4]])
        assert [each["y"].tolist() for each in coreml_model.predict([{"x": X}, {"x": -X}])] == [
            [[0, 2, 0, 4]], [[1, 0, 3, 0]]
        ]

    @pytest.mark.coreml_budget(predict_ms=10_000, min_throughput=0.1)
    def test_in_flight(coreml_model):
        measured = coreml_model.measure(in_flight=3, calls=10, output_backings={"y": np.zeros((1, 4), np.float16)})
        assert measured.in_flight == 3
        assert measured.io.outputs == {"y": PLACE}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("objc", "place"),
    [
        (ObjC("11.0", padding=28), "backed"),
        (ObjC(NEWEST, ignored_backings=("y",), padding=28, late_ms=5), "copied"),
    ],
)
def test_as_in_an_app(mac_project: MacProject, objc: ObjC, place: str) -> None:
    """Half precision goes in and out as such, and a backing that Core ML ignores is reported as copied.

    Only selectors that exist were sent, within autorelease pools, and with containers of Foundation.
    """
    mac_project.become(objc=objc)
    mac_project.save()
    mac_project.test(APP.replace("PLACE", repr(place)))

    mac_project.run(API).assert_outcomes(passed=3)

    assert mac_project.report["machine"]["runtime"]["api"] == "pyobjc"
    assert {call["types"]["x"] for call in mac_project.journal("objc input")} == {"float16"}
    assert [call for call in mac_project.journal("objc") if "wrong" in call] == []
    sent = {call["selector"] for call in mac_project.journal("objc")}
    assert "MLModel predictionFromFeatures:options:completionHandler:" in sent


@pytest.mark.slow
def test_a_callback_that_never_comes_ends_the_engine(mac_project: MacProject) -> None:
    """Nothing of the process is used afterwards, since the answer could still come."""
    mac_project.become(objc=ObjC(NEWEST, late_ms=60_000))
    mac_project.save()
    mac_project.test("""
        import pytest

        @pytest.mark.coreml_model("Model.mlpackage")
        def test_model(coreml_model):
            coreml_model.measure(in_flight=2, calls=20)
    """)

    result = mac_project.run(API, "--coreml-timeout=5")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*did not respond for 5 s while measuring Model.mlpackage on all and was killed*"])


@pytest.mark.slow
def test_pyobjc_without_core_ml(pytester: pytest.Pytester) -> None:
    """On the command line it is an error where the reference runtime executes models; the ini file means Macs."""
    standin_models.save(standin_models.program_spec(), pytester.path / "Model.mlpackage")
    pytester.makepyfile("""
        import pytest

        @pytest.mark.coreml_model("Model.mlpackage")
        def test_model(coreml_model):
            coreml_model.predict(coreml_model.example_inputs())
    """)

    refused = pytester.runpytest_subprocess(API)
    pytester.makeini("[pytest]\ncoreml_api = pyobjc\n")
    accepted = pytester.runpytest_subprocess()

    refused.assert_outcomes(failed=1)
    refused.stdout.fnmatch_lines(
        ["*--coreml-api=pyobjc calls Core ML, and the reference runtime executes models here*"]
    )
    accepted.assert_outcomes(passed=1)
