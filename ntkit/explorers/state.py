"""Settings as one short line of text that can be copied, pasted back, or stand in a link."""

import os
from dataclasses import fields
from urllib.parse import parse_qsl, urlencode

from ntkit.explorers.settings import Settings

_VERSION = "1"
_SAFE = "(),;="


def to_text(settings):
    """The settings as one short line that can stand in a link: a query string with its version.

    >>> to_text(Settings(depth=40))
    'v=1&depth=40&activation=relu&delta=0.05&data=sphere&n=48&seed=0'
    """
    always = ("depth", "activation", "delta", "data", "n", "seed")
    usual = Settings()
    given = {
        field.name: _written(getattr(settings, field.name))
        for field in fields(settings)
        if field.name in always or getattr(settings, field.name) != getattr(usual, field.name)
    }
    return urlencode({"v": _VERSION, **given}, safe=_SAFE)


def from_text(text):
    """The settings that `to_text` wrote; what is missing keeps its usual value.

    White space and a leading "?" or "#" are ignored.

    Raises: ValueError saying what could not be understood.

    >>> from_text(" ?v=1&depth=40 ").depth
    40
    """
    pairs = dict(parse_qsl("".join(text.split()).lstrip("?#"), keep_blank_values=True))
    version = pairs.pop("v", None)
    if version != _VERSION:
        raise ValueError(
            f"a state starts with v={_VERSION}, the version that this ntkit writes; got {text.strip()[:60]!r}. "
            "Copy it again from the state box of a lab, whole."
        )
    known = {field.name: field for field in fields(Settings)}
    unknown = sorted(set(pairs) - set(known))
    if unknown:
        raise ValueError(f"a state holds {', '.join(known)}; got also {', '.join(unknown)}. Leave that out.")
    return Settings(**{name: _read(known[name], value) for name, value in pairs.items()})


def _written(value):
    return ";".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _read(field, text):
    convert = {int: int, float: float, str: str}.get(field.type)
    try:
        if convert:
            return convert(text)
        member = int if field.name == "depths" else str
        return tuple(member(part) for part in text.split(";") if part)
    except ValueError as error:
        raise ValueError(f"{field.name} in a state must be written as a number; got {text!r}.") from error


def linked_state(query=None):
    """The state in the link through which a page was opened, or None where it carries none.

    Parameters: query, what follows the "?" of the address, by default the one that Voila hands to the kernel of a page;
    other parts of it, such as the token, are left aside.

    >>> linked_state("token=secret&v=1&depth=40")
    'v=1&depth=40'
    """
    query = os.environ.get("QUERY_STRING", "") if query is None else query
    known = {"v", *(field.name for field in fields(Settings))}
    pairs = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name in known]
    return urlencode(pairs, safe=_SAFE) if any(name == "v" for name, _ in pairs) else None
