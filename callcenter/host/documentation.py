"""A short copy of Asterisk's own documentation, which it reads at every start.

Asterisk needs the descriptions of its configuration objects to check what it is configured with,
and the bare names of its applications and functions. The rest it formats for the console's help,
which takes more than half of a start; a switch that died must be back before callers give up.
"""

import os
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

FILE = "core-en_US.xml"
KEPT_WHOLE = {"configInfo"}
KEPT_BY_NAME = {"application", "function", "manager"}


def ensure_short_documentation(source: Path, folder: Path) -> Path:
    """Return a folder below `folder` with the short form of what is in `source`.

    It is written again when the original changes. An original that cannot be read is used itself:
    that only costs time.
    """
    try:
        facts = (source / FILE).stat()
        target = folder / f"documentation-{facts.st_size}-{int(facts.st_mtime)}"
        if not (target / FILE).exists():
            target.mkdir(parents=True, exist_ok=True)
            _write(target / FILE, shorten(ElementTree.parse(source / FILE)))
    except (OSError, ElementTree.ParseError):
        return source
    return target


def shorten(documentation: "ElementTree.ElementTree[ElementTree.Element]") -> bytes:
    """The XML with configuration descriptions whole, names with their synopsis, and no more."""
    root = documentation.getroot()
    for entry in list(root):
        if entry.tag in KEPT_BY_NAME:
            for part in list(entry):
                if part.tag != "synopsis":
                    entry.remove(part)
        elif entry.tag not in KEPT_WHOLE:
            root.remove(entry)
    short: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return short


def _write(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".doc-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.rename(temporary, path)
