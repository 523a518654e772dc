"""The preview itself: the site as it is on disk, and beside it what reloads an open page."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from measured.errors import BuildError
from measured.options import Options
from measured.project import GENERATOR, Project
from measured.serve.builder import Builder

ADDED = '<script src="/_measured/reload.js"></script>'
"""What each page gets in transit; the files of the site stay as they are."""
SCRIPT = Path(__file__).with_name("reload.js")
WATCHED = (".py", ".jinja2", ".css", ".js", ".md", ".bib", ".toml")


def serve(project: Project, options: Options) -> int:
    """Serve the report on this machine, and build it anew whenever a source changes, until Ctrl-C. Raises BuildError where
    the port is taken."""
    import uvicorn

    listener = _listen(options.port)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    preview = Preview(project, options, address)
    print(f"{address} shows the report and follows your edits; Ctrl-C ends it. Nothing is computed without being asked for.")
    config = uvicorn.Config(preview.app(), log_level="warning", timeout_graceful_shutdown=1)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])
    return 0


def _listen(port: int | None) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port or 0))
    except OSError as error:
        raise BuildError(f"--port {port} cannot be used ({error}); leave it out, and a free one is chosen") from error
    return listener


class Preview:
    """A report that is built while it is read."""

    def __init__(self, project: Project, options: Options, address: str = ""):
        self._project, self._options, self._address = project, options, address
        self._builder = Builder(project.root, options)
        self._readers: set[asyncio.Queue[dict[str, Any]]] = set()
        self._last: dict[str, Any] = {"kind": "trouble", "lines": []}

    def app(self) -> Any:
        """The application that a server runs."""
        from starlette.applications import Starlette
        from starlette.routing import Route

        routes = [
            Route("/_measured/reload.js", self._script),
            Route("/_measured/events", self._events),
            Route("/{path:path}", self._file),
        ]
        return Starlette(routes=routes, lifespan=self._following)

    @contextlib.asynccontextmanager
    async def _following(self, app: Any) -> AsyncIterator[None]:
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
            self._builder.stop()

    async def _follow(self) -> None:
        from watchfiles import awatch

        await self._build("")
        if self._options.open:
            import webbrowser

            webbrowser.open(self._address)
        async for changes in awatch(*self._folders(), watch_filter=_is_source, step=50, debounce=200):
            await self._build(", ".join(sorted({Path(path).name for _, path in changes})))

    async def _build(self, edited: str) -> None:
        if edited:
            print(f"{edited} changed", flush=True)
        built = await asyncio.to_thread(self._builder.build)
        for line in built.trouble:
            print(f"  {line}", flush=True)
        self._last = {"kind": "trouble", "lines": list(built.trouble)}
        self._tell({"kind": "reload"} if built.changed else self._last)
        await asyncio.to_thread(self._builder.get_ready)

    def _folders(self) -> list[Path]:
        project = self._project
        own = [project.root / name for name in project.packages]
        return [folder for folder in (*own, project.templates, project.docs, GENERATOR) if folder.is_dir()]

    def _tell(self, event: dict[str, Any]) -> None:
        for reader in self._readers:
            reader.put_nowait(event)

    async def _script(self, request: Any) -> Any:
        from starlette.responses import Response

        return Response(SCRIPT.read_text(encoding="utf-8"), media_type="text/javascript")

    async def _events(self, request: Any) -> Any:
        from starlette.responses import StreamingResponse

        async def events() -> AsyncIterator[str]:
            queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
            self._readers.add(queue)
            try:
                yield f"data: {json.dumps(self._last)}\n\n"
                while True:
                    yield f"data: {json.dumps(await queue.get())}\n\n"
            finally:
                self._readers.discard(queue)

        return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _file(self, request: Any) -> Any:
        from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse

        site = self._options.out.resolve()
        path = (site / (request.path_params["path"] or "index.html")).resolve()
        headers = {"Cache-Control": "no-store"}
        if not path.is_relative_to(site) or not path.is_file():
            if request.path_params["path"] in ("", "index.html"):
                return HTMLResponse(f"<!doctype html><p>The report is being built.</p>{ADDED}", headers=headers)
            return PlainTextResponse("not there", status_code=404)
        if path.suffix != ".html":
            return FileResponse(path, headers=headers)
        return HTMLResponse(in_transit(path.read_text(encoding="utf-8")), headers=headers)


def in_transit(page: str) -> str:
    """A page with what reloads it, which its policy must allow to listen to the server."""
    page = page.replace("script-src 'self'", "script-src 'self'; connect-src 'self'", 1)
    before, end, after = page.rpartition("</body>")
    return f"{before}{ADDED}{end}{after}" if end else page + ADDED


def _is_source(change: Any, path: str) -> bool:
    return path.endswith(WATCHED) and "__pycache__" not in path
