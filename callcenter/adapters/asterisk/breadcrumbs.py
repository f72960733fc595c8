"""What the dialplan and we ourselves keep on a leg, and the switch tells with it."""

from callcenter.adapters.asterisk.ari.generated.objects import Channel


def variable(channel: Channel, name: str) -> str:
    """A variable that the switch reports with every leg; empty when it is not set."""
    return str(channel.get("channelvars", {}).get(name) or "")
