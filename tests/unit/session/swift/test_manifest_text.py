"""The text of a `Package.swift` is read as far as it is written down, and never run."""

from __future__ import annotations

import random
import time

import pytest

from pytest_coreml.session.swift.manifest_text import read_manifest
from pytest_coreml.session.swift.package_manifest import PackageManifest, Resource, Target

MANIFEST = r"""// swift-tools-version:5.9
import PackageDescription

/* .target(name: "Commented") /* comments nest */ .target(name: "Still") */
let about = '''
    .target(name: "Quoted", resources: [.copy("Quoted.mlmodel")])
    '''
let models: [Resource] = [.process("Resources/A.mlpackage")] // shared

let package = Package(
    name: "Kit",
    products: [.library(name: "Kit", targets: ["Kit"])],
    targets: [
        .target(
            name: "Kit",
            dependencies: [.target(name: "Core"), .product(name: "Other", package: "other")],
            path: "Code/\u{4B}it",
            exclude: ["Old"],
            resources: models + [.copy(#"Raw\Name.mlmodelc"#), .process("Assets", localization: .default)],
            swiftSettings: [.define("A", .when(configuration: .debug))]
        ),
        Target.testTarget(name: "KitTests", dependencies: ["Kit"], resources: [.copy("Small.mlmodel")]),
        .binaryTarget(name: "Blob", url: "https://example.com/blob.zip", checksum: "0"),
    ]
)

func more() -> Target { .target(name: "Made") }
package.targets.append(.executableTarget(name: "Tool", resources: [.embedInCode("T.mlmodel")]))
package.targets += [.target(name: "Core")]
""".replace("'''", '"""')


def test_targets_and_their_resource_lines_are_read() -> None:
    """Comments and texts that only look like targets are not; names of constants, sums and additions are followed."""
    assert read_manifest(MANIFEST) == PackageManifest(
        (
            Target(
                "Kit",
                "regular",
                "Code/Kit",
                (
                    Resource("Resources/A.mlpackage", "process"),
                    Resource("Raw\\Name.mlmodelc", "copy"),
                    Resource("Assets", "process"),
                ),
                ("Old",),
            ),
            Target("KitTests", "test", None, (Resource("Small.mlmodel", "copy"),)),
            Target("Tool", "executable", None, (Resource("T.mlmodel", "embedInCode"),)),
            Target("Core"),
        ),
        (5, 9),
    )


@pytest.mark.parametrize(
    ("target", "note"),
    [
        ('.target(name: "A", resources: list())', "line 3: a resource of target A"),
        ('.target(name: "A", resources: ["M.mlmodel"].map { .copy($0) })', "line 3: a resource of target A"),
        ('.target(name: "A", resources: [.copy("\\(folder)/M.mlmodel")])', "line 3: a resource of target A"),
        ('.target(name: "A", resources: isMac ? [.copy("M.mlmodel")] : [])', "line 3: a resource of target A"),
        ('.target(name: "A", path: root + "/A")', "line 3: the path of target A"),
        ('.target(name: "A", exclude: excluded)', "line 3: what target A excludes"),
    ],
)
def test_what_only_a_run_would_tell_is_noted(target: str, note: str) -> None:
    """The line and the target are in the note, and the rest is read."""
    source = f'let package = Package(name: "K", targets: [\n.target(name: "B", path: nil),\n{target}])'

    manifest = read_manifest(source)

    assert [found.name for found in manifest.targets] == ["B", "A"]
    assert [found.is_read for found in manifest.targets] == [True, False]
    assert manifest.notes == (f"{note} is not written down as a literal",)


@pytest.mark.parametrize("targets", ["makeTargets()", "[.target(name: prefix)]", "all", "[one]"])
def test_targets_that_cannot_be_read_are_noted(targets: str) -> None:
    """So that no model is said to be listed by none."""
    manifest = read_manifest(f'let package = Package(name: "K", targets: {targets})')

    assert (manifest.targets, manifest.is_read) == ((), False)
    assert manifest.notes == ("line 1: a target is not written down as a literal",)


def test_a_text_without_a_package_says_so() -> None:
    """Anything may be called `Package.swift`."""
    assert read_manifest("import Foundation\n").notes == ("there is no `let package = Package(…)`",)


@pytest.mark.parametrize(
    "source",
    [
        "let package = Package(targets: " + "[" * 5000,
        "let package = Package(targets: [" + ".target(resources: [" * 3000,
        "/*" * 5000,
        '"\\(' * 5000,
        '"""' * 4999,
        "let a = " * 5000,
        "let a = b\nlet b = a\nlet package = Package(targets: a)",
        "let a = a + a\nlet package = Package(targets: a)",
        "let a0 = []\n"
        + "".join(f"let a{n + 1} = a{n} + a{n}\n" for n in range(60))
        + "let package = Package(targets: a60)",
    ],
    ids=lambda source: source[:20],
)
def test_no_text_is_too_deep(source: str) -> None:
    """The reader neither crashes nor hangs on nesting and circles."""
    began = time.perf_counter()

    read_manifest(source)

    assert time.perf_counter() - began < 5


def test_damaged_manifests_are_read_without_an_error() -> None:
    """Two hundred texts with a piece cut out, doubled or replaced."""
    draw = random.Random(7)
    for _ in range(200):
        start, end = sorted(draw.choices(range(len(MANIFEST)), k=2))
        piece = draw.choice(("", MANIFEST[start:end] * 2, draw.choice('"()[]{}\\#/*\n.+=\0')))

        assert isinstance(read_manifest(MANIFEST[:start] + piece + MANIFEST[end:]), PackageManifest)
