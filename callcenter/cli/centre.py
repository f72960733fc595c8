"""The running centre, asked over its HTTP API: commands never touch its tables.

Address and key lie in `<run folder>/cli.json`, which the engine writes for its own user alone.
"""

import json
import re
import urllib.error
import urllib.request
from typing import Any, Final
from urllib.parse import quote, urlencode

import click

from callcenter.cli.context import load_settings
from callcenter.cli.wording import language, said

KEY_FILE: Final = "cli.json"
_WITHIN_SECONDS: Final = 30.0
_RELOAD_SECONDS: Final = 600.0


class NotRunning(click.ClickException):
    """There is no centre to ask."""


class Refused(click.ClickException):
    """The centre said no; `code` says why."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class Centre:
    """Asks one centre."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._key = key
        # The centre is on this machine: a proxy of the environment has no say in it.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer, decoded. Raises: NotRunning, Refused."""
        text = self._ask(method, path, body)
        return json.loads(text) if text else None

    def load(self, path: str) -> bytes:
        """A file. Raises: NotRunning, Refused."""
        return self._ask("GET", path, None)

    def _ask(self, method: str, path: str, body: Any) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data=data, method=method)
        request.add_header("Authorization", f"ApiKey {self._key}")
        request.add_header("Accept-Language", language())
        if data is not None:
            request.add_header("Content-Type", "application/json")
        within = _RELOAD_SECONDS if path.endswith("/reload") else _WITHIN_SECONDS
        try:
            with self._opener.open(request, timeout=within) as reply:
                answer: bytes = reply.read()
        except urllib.error.HTTPError as error:
            raise _refusal(error) from None
        except (OSError, urllib.error.URLError):
            raise _nobody_there(self.url) from None
        return answer

    def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """A listing."""
        asked = f"{path}?{urlencode(query)}" if any(query.values()) else path
        items: list[dict[str, Any]] = self.ask("GET", asked)["items"]
        return items


def part(text: str) -> str:
    """A name as one part of a path."""
    return quote(text, safe="+") or "-"


def number_part(number: str) -> str:
    """The same for a number, without the blanks and brackets that people write for each other."""
    return part(re.sub(r"[\s()/.-]", "", number))


def centre(context: click.Context) -> Centre:
    """The centre of these settings. Raises: NotRunning."""
    settings = load_settings(context)
    path = settings.run_folder / KEY_FILE
    try:
        data = json.loads(path.read_text())
        url, key = str(data["url"]), str(data["key"]).removeprefix("ApiKey ")
    except FileNotFoundError:
        raise NotRunning(
            said(
                f"The centre has not run here yet: there is no {path}.\n"
                "Start it with scripts/start, or say which one is meant: callcenter --config FILE …",
                f"此处的呼叫中心尚未运行过：没有 {path}。\n"
                "请用 scripts/start 启动，或用 callcenter --config 文件 … 指定。",
            )
        ) from None
    except PermissionError:
        raise NotRunning(
            said(
                f"{path} belongs to another user. Run this as the user that runs the centre.",
                f"{path} 属于其他用户，请以运行呼叫中心的用户执行此命令。",
            )
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise NotRunning(
            said(
                f"{path} is damaged. Restart the engine: it writes a new one.",
                f"{path} 已损坏，请重新启动引擎，它会重新生成。",
            )
        ) from None
    return Centre(url, key)


def _nobody_there(url: str) -> NotRunning:
    return NotRunning(
        said(
            f"The centre is not running: nobody answers at {url}.\n"
            "Start it with scripts/start; `callcenter doctor` says what keeps it from running.",
            f"呼叫中心未在运行：{url} 无应答。\n"
            "请用 scripts/start 启动；callcenter doctor 会说明无法运行的原因。",
        )
    )


def _refusal(error: urllib.error.HTTPError) -> Refused:
    try:
        problem = json.loads(error.read())
        title, detail = str(problem["title"]), problem.get("detail")
        lines = [f"{title.rstrip('.。')}: {detail}" if detail else title]
        lines += [f"  {one['field']}: {one['detail']}" for one in problem.get("errors", ())]
        return Refused("\n".join(lines), str(problem["code"]))
    except (ValueError, KeyError, TypeError, OSError):
        return Refused(f"HTTP {error.code}", "unknown")
