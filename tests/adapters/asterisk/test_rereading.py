"""What the switch is told to read again, and when."""

from pathlib import Path
from typing import Any, cast

import pytest

from callcenter.adapters.asterisk.ari.pooled_http import PooledHttp
from callcenter.adapters.asterisk.ari.request import Refused, Request
from callcenter.adapters.asterisk.rereading import Rereading

pytestmark = pytest.mark.adapter

CERTIFICATE, NAMES = "res_pjsip.so", "res_pjsip_endpoint_identifier_ip.so"


class Wire:
    """Takes down which modules are told to reload; refuses while told to."""

    def __init__(self) -> None:
        self.reloaded: list[str] = []
        self.refuses = False

    async def ask(self, request: Request[Any]) -> None:
        if self.refuses:
            raise Refused(request.path, 409, "busy")
        self.reloaded.append(request.path.split("/")[-1])


class Place:
    """A certificate and a configuration that names it."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.wire = Wire()
        self.certificate, self.configuration = folder / "own.crt", folder / "pjsip.conf"
        self.certificate.write_text("first")
        self.configuration.write_text("cert_file = own.crt")
        self.rereading = Rereading(
            cast(PooledHttp, self.wire), self.configuration, [self.certificate], names
        )

    def renew(self) -> None:
        self.certificate.unlink()
        self.certificate.write_text("second")


async def test_a_renewed_certificate_is_read_again_once(tmp_path: Path) -> None:
    place = Place(tmp_path)
    await place.rereading.look()
    assert place.wire.reloaded == []
    before = place.configuration.stat().st_mtime_ns
    place.renew()
    for _ in range(2):
        await place.rereading.look()
    assert place.wire.reloaded == [CERTIFICATE]
    assert place.configuration.stat().st_mtime_ns > before


async def test_what_could_not_be_told_is_told_at_the_next_look(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.renew()
    place.wire.refuses = True
    with pytest.raises(Refused):
        await place.rereading.look()
    place.wire.refuses = False
    await place.rereading.look()
    assert place.wire.reloaded == [CERTIFICATE]


async def test_names_of_carriers_are_looked_up_once_more_after_every_start(tmp_path: Path) -> None:
    place = Place(tmp_path, "localhost", "nowhere.invalid")
    for _ in range(3):
        await place.rereading.look()
    assert place.wire.reloaded == [NAMES]
