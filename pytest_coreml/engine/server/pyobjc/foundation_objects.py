"""Objects of Foundation.

A list or dict of Python reaches Core ML as an object that calls back into Python for each item, within the time of a
prediction. Objects of Foundation do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def file_url(path: str) -> Any:
    """Return the `NSURL` of a file."""
    import Foundation

    return Foundation.NSURL.fileURLWithPath_(path)


def relative_url(path: str) -> Any:
    """Return the `NSURL` of a file by a relative path, as assets name their weights."""
    import Foundation

    return Foundation.NSURL.fileURLWithPath_relativeToURL_(path, None)


def string(text: str) -> Any:
    """Return an `NSString`."""
    import Foundation

    return Foundation.NSString.alloc().initWithUTF8String_(text.encode())


def whole_number(value: int) -> Any:
    """Return an `NSNumber`."""
    import Foundation

    return Foundation.NSNumber.numberWithLongLong_(value)


def real_number(value: float) -> Any:
    """Return an `NSNumber`."""
    import Foundation

    return Foundation.NSNumber.numberWithDouble_(value)


def data(content: bytes) -> Any:
    """Return an `NSData` with a copy of *content*."""
    import Foundation

    return Foundation.NSData.dataWithBytes_length_(content, len(content))


def array(items: Iterable[Any]) -> Any:
    """Return an `NSArray` of objects."""
    import Foundation

    collected = list(items)
    growing = Foundation.NSMutableArray.alloc().initWithCapacity_(len(collected))
    for item in collected:
        growing.addObject_(item)
    return growing.copy()


def dictionary(items: Mapping[Any, Any]) -> Any:
    """Return an `NSDictionary` of objects; keys that are Python text become `NSString`."""
    import Foundation

    growing = Foundation.NSMutableDictionary.alloc().initWithCapacity_(len(items))
    for key, value in items.items():
        growing.setObject_forKey_(value, string(key) if type(key) is str else key)
    return growing.copy()
