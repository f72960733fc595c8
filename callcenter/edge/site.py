"""The page: files of the built browser app, or a plain word of welcome where there is none."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from aiohttp import web

from callcenter.edge.gate import Handler
from callcenter.ports.problems import MethodRefused, NoSuchPage

_FOREVER: Final = "public, max-age=31536000, immutable"
_ALWAYS_ASK: Final = "no-cache"
_HASHED: Final = "assets"  # The bundler puts a hash into the names of what is in here.


def page_of(site: Path | None) -> Handler:
    """Serves what is in `site`; an address of the app itself gets the app."""
    if site is None or not (site / "index.html").is_file():
        return _welcome
    root = site.resolve()

    async def page(request: web.Request) -> web.StreamResponse:
        _check_method(request)
        path = _file_of(root, request.match_info["path"])
        hashed = path.relative_to(root).parts[0] == _HASHED
        return web.FileResponse(
            path, headers={"Cache-Control": _FOREVER if hashed else _ALWAYS_ASK}
        )

    return page


def _file_of(root: Path, wanted: str) -> Path:
    if "\x00" in wanted or len(wanted) > 1024:
        raise NoSuchPage
    path = (root / wanted.lstrip("/")).resolve()
    hidden = any(part.startswith(".") for part in path.parts[len(root.parts) :])
    if not path.is_relative_to(root) or hidden:
        raise NoSuchPage
    if path.is_file():
        return path
    if path.suffix:
        raise NoSuchPage  # A missing picture is missing; it is not the app.
    return root / "index.html"


async def _welcome(request: web.Request) -> web.StreamResponse:
    _check_method(request)
    if request.match_info["path"].strip("/"):
        raise NoSuchPage
    body = files("callcenter.edge").joinpath("welcome.html").read_bytes()
    return web.Response(body=body, content_type="text/html", charset="utf-8")


def _check_method(request: web.Request) -> None:
    if request.method not in ("GET", "HEAD"):
        raise MethodRefused
