"""A scripted stand-in for `coremltools.libcoremlpython`, Apple's native module, for machines without Core ML.

coremltools' own, unmodified Python runs over it. A `Scenario` says what the machine is, how long things take, where the
plan puts each operation and what goes wrong; `install` puts the module in place in this process, and
`site/sitecustomize.py` does so in every process that is started with the environment of `environment`.

To test the product over it, ask for the fixture `mac_project`: a folder where pytest runs in a separate process, and
both it and the engines it starts believe to be on the Mac of the scenario.

    def test_something(mac_project):
        mac_project.save(standin_models.program_spec())          # Model.mlpackage
        mac_project.become(failures=(Failure("load", "abort"),))  # fields of Scenario
        mac_project.tell(battery=ON_BATTERY)                      # fields of commands.MacFacts: sysctl, pmset, ...
        mac_project.test(SOURCE_OF_A_TEST)
        result = mac_project.run("-v")
        mac_project.report, mac_project.journal("load")           # the JSON report; the native calls that were made
"""
