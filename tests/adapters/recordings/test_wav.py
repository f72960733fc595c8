"""Headers are mended by how long the file is; what is no file of the switch is refused."""

import io
import wave
from datetime import timedelta

import pytest

from callcenter.adapters.recordings.wav import HEADER_BYTES, NoSound, length, sounding, whole
from callcenter.testing.tones import tone

pytestmark = pytest.mark.adapter

SECOND = tone(1000)


def wav(pcm: bytes, *, rate: int = 8000, parties: int = 1) -> bytes:
    """A file as the standard library writes it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(parties)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(pcm)
    return file.getvalue()


def unfinished(data: bytes) -> bytes:
    """What a switch leaves that died while it recorded."""
    return data[:4] + bytes(4) + data[8:40] + bytes(4) + data[HEADER_BYTES:]


def test_a_finished_file_stays_as_it_is() -> None:
    assert whole(wav(SECOND)) == wav(SECOND)
    assert length(wav(SECOND)) == timedelta(seconds=1)


@pytest.mark.parametrize("more", [b"", b"\1"], ids=["whole samples", "half a sample"])
def test_lengths_that_were_never_written_are_mended(more: bytes) -> None:
    mended = whole(unfinished(wav(SECOND)) + more)
    assert mended == wav(SECOND)
    with wave.open(io.BytesIO(mended)) as file:
        assert file.readframes(file.getnframes()) == SECOND


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(HEADER_BYTES + 100),
        b"RIFF" * 100,
        wav(SECOND)[:40],
        wav(SECOND, rate=16000),
        wav(SECOND, parties=2),
    ],
    ids=["nothing", "zeros", "noise", "half a header", "16 kHz", "stereo"],
)
def test_what_the_switch_never_wrote_is_refused(data: bytes) -> None:
    with pytest.raises(NoSound):
        whole(data)


def test_only_what_can_be_heard_counts() -> None:
    idle = b"\x08\x00\xf8\xff" * 4000  # what G.711 makes of silence
    assert sounding(wav(SECOND[:3200] + idle + SECOND[:1600])) == timedelta(seconds=0.3)
    assert sounding(wav(idle)) == sounding(wav(b"")) == sounding(b"") == timedelta()
    assert sounding(wav(b"\x00\x80" * 160)) == timedelta(seconds=0.02)
