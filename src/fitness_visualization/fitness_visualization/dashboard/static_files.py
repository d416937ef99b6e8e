"""The pages and what they load: files that were there at the start, by name."""

import mimetypes
from pathlib import Path

from aiohttp import web

STATIC = Path(__file__).parent / "static"
PAGES = {"/": "index.html", "/camera": "camera.html"}


def add_routes(app: web.Application) -> None:
    """Serve every page, and every file of `static/` below /static."""
    # Read now: nothing that a client sends is ever a path.
    files = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.is_file()}

    def response(name: str) -> web.Response:
        if name not in files:
            raise web.HTTPNotFound
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return web.Response(body=files[name], content_type=kind, charset="utf-8")

    async def static(request: web.Request) -> web.Response:
        return response(request.match_info["name"])

    async def page(request: web.Request) -> web.Response:
        return response(PAGES[request.path])

    app.router.add_get("/static/{name}", static)
    for path in PAGES:
        app.router.add_get(path, page)
