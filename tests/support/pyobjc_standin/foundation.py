"""The module `Foundation`: collections, strings, numbers, URLs and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyobjc_standin.bridge import ObjCObject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Text(str):
    """An `NSString`, as PyObjC shows it."""

    __slots__ = ()


class _Whole(int):
    """An `NSNumber`, as PyObjC shows it."""

    __slots__ = ()


class _Real(float):
    """An `NSNumber`, as PyObjC shows it."""

    __slots__ = ()


class NSString(ObjCObject):
    def initWithUTF8String_(self, text: bytes) -> str:  # noqa: N802
        return _Text(text.decode())


class NSNumber(ObjCObject):
    @staticmethod
    def numberWithLongLong_(value: int) -> int:  # noqa: N802
        return _Whole(value)

    @staticmethod
    def numberWithDouble_(value: float) -> float:  # noqa: N802
        return _Real(value)


class NSURL(ObjCObject):
    _path: str

    @staticmethod
    def fileURLWithPath_(path: str) -> NSURL:  # noqa: N802
        made = NSURL()
        made._path = path
        return made

    @staticmethod
    def fileURLWithPath_relativeToURL_(path: str, base: None) -> NSURL:  # noqa: N802
        made = NSURL()
        made._path = path
        return made

    def path(self) -> str:
        return self._path


class NSData(ObjCObject):
    _content: bytes

    @staticmethod
    def dataWithBytes_length_(content: bytes, length: int) -> NSData:  # noqa: N802
        made = NSData()
        made._content = bytes(content[:length])
        return made


class NSArray(ObjCObject):
    """An immutable array; PyObjC lets Python iterate over it."""

    _items: list[Any]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


class NSMutableArray(NSArray):
    def initWithCapacity_(self, _count: int) -> NSMutableArray:  # noqa: N802
        self._items = []
        return self

    def addObject_(self, item: Any) -> None:  # noqa: N802
        self._items.append(item)

    def copy(self) -> NSArray:
        return ns_array(self._items)


class NSDictionary(ObjCObject):
    """An immutable dictionary; PyObjC lets Python iterate over its keys."""

    _items: dict[Any, Any]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def allKeys(self) -> NSArray:  # noqa: N802
        return ns_array(list(self._items))

    def objectForKey_(self, key: Any) -> Any:  # noqa: N802
        return self._items.get(key)


class NSMutableDictionary(NSDictionary):
    def initWithCapacity_(self, _count: int) -> NSMutableDictionary:  # noqa: N802
        self._items = {}
        return self

    def setObject_forKey_(self, value: Any, key: Any) -> None:  # noqa: N802
        assert value is not None
        self._items[key] = value

    def copy(self) -> NSDictionary:
        return ns_dictionary(self._items)


class NSError(ObjCObject):
    _description: str

    def localizedDescription(self) -> str:  # noqa: N802
        return _Text(self._description)


def ns_array(items: list[Any]) -> NSArray:
    """Return an `NSArray`."""
    made = NSArray()
    made._items = list(items)
    return made


def ns_dictionary(items: dict[Any, Any]) -> NSDictionary:
    """Return an `NSDictionary`."""
    made = NSDictionary()
    made._items = dict(items)
    return made


def ns_error(description: str) -> NSError:
    """Return an `NSError`."""
    made = NSError()
    made._description = description
    return made


def ns_text(text: str) -> str:
    """Return an `NSString`."""
    return _Text(text)


def ns_number(value: int) -> int:
    """Return an `NSNumber`."""
    return _Whole(value)
