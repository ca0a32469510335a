"""The reasons why model types are refused, and the alternatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_ON_A_MAC: Final = "it runs only on a Mac"

# Types whose weights or code are part of Apple's systems, with what these are.
_IN_APPLES_SYSTEMS: Final = {
    "textClassifier": "Apple's language models, inside macOS and iOS",
    "wordTagger": "Apple's language models, inside macOS and iOS",
    "gazetteer": "a lookup table in a private format of Apple's Natural Language framework",
    "wordEmbedding": "embeddings in a private format of Apple's Natural Language framework",
    "visionFeaturePrint": "the weights of Apple's Vision framework, which are not in the file",
    "soundAnalysisPreprocessing": "the code of Apple's Sound Analysis framework, which is not in the file",
    "audioFeaturePrint": "the weights of Apple's Sound Analysis framework, which are not in the file",
    "serializedModel": "a private format that only Apple's frameworks can read",
}


def refusal(spec: Any) -> str:
    """Return why the type of a `Model` message is not executed and what to do instead, as the end of a sentence."""
    kind = str(spec.WhichOneof("Type"))
    if kind in _IN_APPLES_SYSTEMS:
        return f"it needs {_IN_APPLES_SYSTEMS[kind]}; {_ON_A_MAC}"
    if kind in _SENTENCES:
        return _SENTENCES[kind](getattr(spec, kind))
    return f"this type is unknown; {_ON_A_MAC}"


def _custom_model(message: Any) -> str:
    name = message.className or "without a name"
    return f"it is implemented by the class {name} of an app, and runs only in that app"


def _linked_model(message: Any) -> str:
    linked = message.linkedModelFile
    name = linked.linkedModelFileName.defaultValue or "without a name"
    path = linked.linkedModelSearchPath.defaultValue
    return f"it refers to another compiled model, {name}{f' in {path}' if path else ''}; test that model directly"


_SENTENCES: Final[dict[str, Callable[[Any], str]]] = {"customModel": _custom_model, "linkedModel": _linked_model}
