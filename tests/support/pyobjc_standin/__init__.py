"""A stand-in for PyObjC and its wrapper of Core ML, made from facts that PyObjC publishes.

`selectors.json` has the facts, `regenerate_facts.py` writes it. `bridge` lets a class have only selectors that exist on
the macOS of the scenario, and passes arguments only as the metadata of the installed wheel allows. Models are executed
by the reference runtime.

    mac_project.become(objc=ObjC("12.2.2", ignored_backings=("y",)))
    mac_project.run("--coreml-api=pyobjc")
    mac_project.journal("objc")    # each selector that was sent, once a process, and what was wrong about it
"""
