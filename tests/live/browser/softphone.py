"""A real browser as an agent's telephone: Chromium with a tone for a microphone, and what it heard."""

import base64
import hashlib
import math
import struct
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Browser, Page, async_playwright

from tests.live.browser.page import needed
from tests.live.live_centre import LONG

MICROPHONE_HZ: Final = 880
_RATE: Final = 48_000
_LOUD_ENOUGH_DB: Final = -40.0
_NEAR_HZ: Final = 12.0  # two of the page's bins

# A machine without a network has only its loopback, which browsers leave out unless told.
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
)


@dataclass(slots=True)
class Softphone:
    """The page in which an agent sits."""

    page: Page
    _taken: int = 0

    async def open(
        self, url: str, agent: str, password: str, *, transport_policy: str = "all"
    ) -> None:
        """Sign in there and be registered."""
        await self.page.goto(url)
        wish = {
            "name": agent,
            "agent": agent,
            "password": password,
            "transportPolicy": transport_policy,
        }
        await self.page.evaluate("(wish) => phone.open(wish)", wish)
        await self.until("seen.registered")

    async def look(self) -> dict[str, Any]:
        """What the page says about itself."""
        seen: dict[str, Any] = await self.page.evaluate("() => phone.look()")
        return seen

    async def until(self, condition: str, within: timedelta = LONG) -> None:
        """Wait until an expression over `seen`, what `look` gives, holds."""
        await self.page.wait_for_function(
            f"() => {{ const seen = phone.look(); return {condition}; }}",
            timeout=within.total_seconds() * 1000,
            polling=20,
        )

    async def hears(self, hz: int, within: timedelta = LONG) -> None:
        """Wait until this tone is the loudest that arrives."""
        await self.page.wait_for_function(
            f"() => {{ const now = phone.heard();"
            f" return Math.abs(now.hz - {hz}) < {_NEAR_HZ} && now.db > {_LOUD_ENOUGH_DB}; }}",
            timeout=within.total_seconds() * 1000,
            polling=50,
        )

    async def takes(self, ring: int = 1) -> str:
        """Wait until it has rung this often, pick up, and wait for the line; the call it is."""
        await self.until(f"seen.rings === {ring}")
        self._taken = ring
        await self.page.evaluate("() => phone.answer()")
        await self.until("seen.confirmed")
        return str((await self.look())["call"])

    async def press(self, digits: str) -> None:
        """Press keys."""
        await self.page.evaluate("(digits) => phone.press(digits)", digits)

    async def hang_up(self) -> None:
        """Put the receiver down."""
        await self.page.evaluate("() => phone.hangUp()")

    async def ended(self, within: timedelta = LONG) -> str:
        """Wait for the end of the call taken last; which side it came from: `local` or `remote`."""
        await self.until(f"seen.endings[{self._taken - 1}]", within)
        return str((await self.look())["endings"][self._taken - 1]["originator"])

    async def path(self) -> dict[str, Any]:
        """How the sound of the call under way travels."""
        found: dict[str, Any] = await self.page.evaluate("() => phone.path()")
        return found

    async def connection(self) -> dict[str, Any] | None:
        """All that the browser knows about its connection; None before there was one."""
        known: dict[str, Any] | None = await self.page.evaluate("() => phone.connection()")
        return known

    async def opens_socket(self, url: str) -> bool:
        """Whether the switch takes a socket from this page."""
        return bool(await self.page.evaluate("(url) => phone.knock(url)", url))


@asynccontextmanager
async def chromium(folder: Path, trusted: Sequence[Path] = ()) -> AsyncIterator[Browser]:
    """A browser that trusts these certificates and no other that nobody vouches for."""
    microphone = folder / "microphone.wav"
    write_tone(microphone, MICROPHONE_HZ)
    flags = [*_FLAGS, f"--use-file-for-fake-audio-capture={microphone}"]
    if trusted:
        pins = ",".join(_pin(certificate) for certificate in trusted)
        flags.append(f"--ignore-certificate-errors-spki-list={pins}")
    path = needed("chromium", "chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=flags)
        try:
            yield browser
        finally:
            await browser.close()


def write_tone(path: Path, hz: int) -> None:
    """One second of a tone, which a browser plays in a loop."""
    step = 2 * math.pi * hz / _RATE
    samples = (round(12_000 * math.sin(step * at)) for at in range(_RATE))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


def _pin(certificate: Path) -> str:
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()
