"""A headless Chromium, spoken to over pipes in its DevTools protocol: nothing has to be installed but the browser."""

import asyncio
import itertools
import json
import os
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

_NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_HERE: Final = "about:blank"
_LONGEST_MESSAGE: Final = 2**24
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",  # tests run as root in containers, and open nothing but their own server
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--remote-debugging-pipe",
)
# The browser takes commands at descriptor 3 and answers at 4, where something else may be before it is one.
_AT_ITS_PLACES: Final = """
import os, sys
taken, given = os.dup(int(sys.argv[1])), os.dup(int(sys.argv[2]))
while min(taken, given) <= 4:
    taken, given = os.dup(taken), os.dup(given)
os.dup2(taken, 3)
os.dup2(given, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def find_browser() -> str | None:
    """Return the browser that ``DUOLOG_TEST_CHROMIUM`` names, or one on the path; None if there is none."""
    return os.environ.get("DUOLOG_TEST_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


class Page:
    """One page of a browser."""

    def __init__(self, reader: asyncio.StreamReader, to_browser: int) -> None:
        self._reader = reader
        self._to_browser = to_browser
        self._numbers = itertools.count(1)
        self._session = ""

    async def open(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        target = (await self._call("Target.createTarget", url=_HERE))["targetId"]
        attached = await self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        await self._call("Page.enable")
        await self._call("Page.navigate", url=url)
        await self._receive(lambda message: message.get("method") == "Page.loadEventFired")

    async def run(self, script: str) -> Any:
        """Run JavaScript, and return what it comes to, or what its promise does."""
        answer = await self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def wait_for(self, condition: str) -> None:
        """Wait until an expression is true, looking whenever the page changes."""
        await self.run(
            f"""new Promise((resolve) => {{
                const look = () => ({condition}) && resolve(true);
                new MutationObserver(look).observe(
                    document.documentElement, {{subtree: true, childList: true, characterData: true, attributes: true}}
                );
                look();
            }})"""
        )

    async def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        number = next(self._numbers)
        message: dict[str, object] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to_browser, json.dumps(message).encode() + b"\0")
        answer = await self._receive(lambda received: received.get("id") == number)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    async def _receive(self, is_wanted: Any) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads((await self._reader.readuntil(b"\0"))[:-1])
            if is_wanted(message):
                return message


@asynccontextmanager
async def browser_page(directory: Path) -> AsyncGenerator[Page, None]:
    """Start a browser with a profile of its own, and end it."""
    program = find_browser()
    assert program is not None
    for_browser, to_browser = os.pipe()
    from_browser, by_browser = os.pipe()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _AT_ITS_PLACES, str(for_browser), str(by_browser),
        program, *_FLAGS, f"--user-data-dir={directory}", _HERE,
        pass_fds=(for_browser, by_browser), stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    os.close(for_browser)
    os.close(by_browser)
    reader = asyncio.StreamReader(limit=_LONGEST_MESSAGE)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(from_browser, "rb")
    )
    try:
        yield Page(reader, to_browser)
    finally:
        os.close(to_browser)
        transport.close()
        if process.returncode is None:
            process.terminate()
        await process.wait()
