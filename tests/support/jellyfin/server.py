"""
The Jellyfin double: a real HTTP and WebSocket server on loopback, in a thread of its own.

It behaves as Jellyfin 10.10, 10.11 or 12 does, the odd parts included, keeps everything in memory
and takes the time from a clock that a test may move. `url` is its address; several can run at once.
What goes wrong inside it is raised when it is left.
"""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from typing import Any, Self

import aiohttp
from aiohttp import WSMsgType, web

from support.jellyfin import (
    routes_items,
    routes_playlists,
    routes_plugins,
    routes_sessions,
    routes_users,
)
from support.jellyfin.call import Call, Caller
from support.jellyfin.journal import Exchange, Journal
from support.jellyfin.refusals import Refused
from support.jellyfin.router import Answer, Route, Router
from support.jellyfin.sabotage import Fault, Sabotage
from support.jellyfin.sockets import Connection
from support.jellyfin.state import State
from support.jellyfin.webhooks import Delivery
from support.jellyfin.wire import dumps, without_nulls

PULSE_S = 0.01
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0
BODY_BYTES_MAX = 16 * 1024 * 1024

ROUTER = Router(
    [
        *routes_users.ROUTES,
        *routes_items.ROUTES,
        *routes_sessions.ROUTES,
        *routes_playlists.ROUTES,
        *routes_plugins.ROUTES,
    ]
)


class Server:
    """Serves one state; `start` and `stop` may alternate, the port stays the same."""

    def __init__(self, state: State, base_path: str = "") -> None:
        self.state = state
        self.journal = Journal()
        self.sabotage = Sabotage()
        self.crashes: list[BaseException] = []
        self.hanging = 0
        """How many requests hang at this moment."""
        self._base_path = base_path.rstrip("/")
        self._port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._sockets: set[web.WebSocketResponse] = set()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self._port}{self._base_path}"

    @property
    def is_running(self) -> bool:
        """Whether it listens."""
        return self._thread is not None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.stop()
        if self.crashes and kind is None:
            raise AssertionError("the double itself failed") from self.crashes[0]

    def start(self) -> None:
        """Listens; returns when requests are answered."""
        assert self._thread is None, "it runs already"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(self._loop,), daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(START_TIMEOUT_S)
        self.state.announcer.running = True

    def stop(self) -> None:
        """Goes down: connections end, nothing is sent any more. What is known stays known."""
        if self._thread is None or self._loop is None:
            return
        self.state.announcer.running = False
        self.sabotage.released.set()
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(STOP_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_TIMEOUT_S)
        assert not self._thread.is_alive(), "the server's thread did not end"
        self._thread = None

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    async def _open(self) -> None:
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._tasks = [asyncio.create_task(self._tick()), asyncio.create_task(self._deliver())]

    async def _close(self) -> None:
        self.state.webhooks.wake = lambda: None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in list(self._sockets):
            _abort(socket)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(PULSE_S)
            try:
                self.state.pulse()
            except Exception as error:  # noqa: BLE001 - raised when the double is left
                self.crashes.append(error)

    async def _deliver(self) -> None:
        """Sends webhooks one after the other, once each."""
        webhooks = self.state.webhooks
        due = asyncio.Event()
        loop = asyncio.get_running_loop()
        webhooks.wake = lambda: _quietly(loop, due.set)
        async with aiohttp.ClientSession() as http:
            while True:
                delivery = webhooks.take()
                if delivery is None:
                    await due.wait()
                    due.clear()
                    continue
                status, error = 0, "The server went down."
                try:
                    status, error = await self._post(http, delivery)
                finally:
                    webhooks.finished(delivery, status, error)

    async def _post(self, http: aiohttp.ClientSession, delivery: Delivery) -> tuple[int, str]:
        timeout = aiohttp.ClientTimeout(total=self.state.webhooks.timeout_s)
        try:
            async with http.post(
                delivery.url, data=delivery.body, headers=delivery.headers, timeout=timeout
            ) as answer:
                await answer.read()
                return answer.status, ""
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return 0, f"{type(error).__name__}: {error}"

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if not path.lower().startswith(self._base_path.lower()):
            return web.Response(status=404)
        path = path[len(self._base_path) :] or "/"
        body = await request.read()
        fault = self.sabotage.find(request.method, path)
        if fault is not None and not await self._endure(fault, request):
            self._note(request, path, body, fault.status or 0, Caller(None, None, {}))
            return self._faulty(fault, request)
        if path.lower().rstrip("/") == "/socket":
            return await self._socket(request, path)
        answer, route, caller, awaited = self._answer(request, path, body)
        for delivery in awaited:
            await asyncio.wrap_future(delivery.outcome)
        lost = fault is not None and fault.lose_answer
        status = 0 if lost else answer.status
        text = None
        if answer.body is not None:
            text = dumps(without_nulls(answer.body), self.state.offset_minutes)
        self._note(request, path, body, status, caller, route=route, text=text)
        return self._cut(request) if lost else self._response(answer, text)

    async def _endure(self, fault: Fault, request: web.Request) -> bool:
        """Lives through a fault; says whether the request is to be answered all the same."""
        released = self.sabotage.released
        if fault.hang:
            self.hanging += 1
            while not released.is_set() and request.transport is not None:  # noqa: ASYNC110 - a thread sets it
                await asyncio.sleep(PULSE_S)
            self.hanging -= 1
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        return fault.status is None and not fault.cut and not fault.hang

    def _faulty(self, fault: Fault, request: web.Request) -> web.Response:
        if fault.status is None:
            return self._cut(request)
        return web.Response(
            status=fault.status,
            body=fault.body,
            headers=fault.headers,
            content_type=fault.content_type,
        )

    @staticmethod
    def _cut(request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    def _answer(
        self, request: web.Request, path: str, body: bytes
    ) -> tuple[Answer, Route | None, Caller, list[Delivery]]:
        query = list(request.query.items())
        with self.state.lock:
            caller = self.state.door().identify(self.state.accounts, request.headers, query)
            found = ROUTER.find(request.method, path)
            if found is None:
                return Answer(405 if ROUTER.knows(path) else 404), None, caller, []
            route, values = found
            call = Call(request.method, path, query, request.headers, body, caller, values)
            call.offset_minutes = self.state.offset_minutes
            self.state.webhooks.take_awaited()
            answer = self._call(route, call)
            return answer, route, caller, self.state.webhooks.take_awaited()

    def _call(self, route: Route, call: Call) -> Answer:
        if not route.open and call.caller.token is None:
            return Answer(401)
        try:
            return route.handler(self.state, call)
        except Refused as refused:
            return Answer(refused.status, refused.body, refused.text)
        except Exception as error:  # noqa: BLE001 - raised when the double is left
            self.crashes.append(error)
            return Answer(500, text="Error processing request.")

    @staticmethod
    def _response(answer: Answer, text: str | None) -> web.Response:
        headers = {"Server": "Kestrel", "X-Response-Time-ms": "1"}
        if answer.text is not None:
            return web.Response(status=answer.status, text=answer.text, headers=headers)
        if text is None:
            return web.Response(status=answer.status, headers=headers)
        headers["Content-Type"] = "application/json; charset=utf-8"
        return web.Response(status=answer.status, body=text.encode(), headers=headers)

    def _note(
        self,
        request: web.Request,
        path: str,
        body: bytes,
        status: int,
        caller: Caller,
        *,
        route: Route | None = None,
        text: str | None = None,
    ) -> None:
        self.journal.note(
            Exchange(
                method=request.method,
                path=path,
                template=route.template if route else None,
                legacy=route.legacy if route else False,
                query=tuple(request.query.items()),
                headers=dict(request.headers),
                body_text=body,
                user=caller.user.name if caller.user else None,
                api_key=caller.is_api_key,
                status=status,
                answer_text=text,
            )
        )

    async def _socket(self, request: web.Request, path: str) -> web.StreamResponse:
        query = list(request.query.items())
        with self.state.lock:
            caller = self.state.door().identify(self.state.accounts, request.headers, query)
        status = 403 if caller.token is None else 503 if self.state.sockets.refusing else 101
        self._note(request, path, b"", status, caller)
        if status != 101:
            return web.Response(status=status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        connection = self._connect(caller, socket, outbox)
        sender = asyncio.create_task(self._send(socket, outbox))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._received(connection, message.data)
        finally:
            sender.cancel()
            self._sockets.discard(socket)
            with self.state.lock:
                self.state.sockets.disconnect(connection)
        return socket

    def _connect(
        self, caller: Caller, socket: web.WebSocketResponse, outbox: asyncio.Queue[dict[str, Any]]
    ) -> Connection:
        loop = asyncio.get_running_loop()
        device = caller.device
        now = self.state.timers.now_s()
        with self.state.lock:
            session = self.state.sessions.seen(
                device["Client"],
                device["Version"],
                device["DeviceId"],
                device["Device"],
                caller.user,
            )
            connection = Connection(
                session.id,
                caller.user,
                caller.is_api_key,
                post=lambda message: _quietly(loop, lambda: outbox.put_nowait(message)),
                cut=lambda: _quietly(loop, lambda: _abort(socket)),
                last_keep_alive_s=now,
                last_activity_s=now,
            )
            self.state.sockets.connect(connection)
        return connection

    def _received(self, connection: Connection, text: str) -> None:
        with suppress(ValueError, AttributeError):
            message = json.loads(text)
            with self.state.lock:
                self.state.sockets.received(
                    connection, str(message.get("MessageType")), message.get("Data")
                )

    async def _send(
        self, socket: web.WebSocketResponse, outbox: asyncio.Queue[dict[str, Any]]
    ) -> None:
        with suppress(ConnectionError, RuntimeError):
            while True:
                message = await outbox.get()
                await socket.send_str(dumps(without_nulls(message), self.state.offset_minutes))


def _abort(socket: web.WebSocketResponse) -> None:
    transport = socket._req.transport if socket._req else None
    if transport is not None:
        transport.abort()


def _quietly(loop: asyncio.AbstractEventLoop, callback: Any) -> None:
    """Runs the callback in the loop, unless the server has gone down."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)
