"""Watches as metrics: each figure under its own name, and whether its alert is raised.

`callcenter_watch_<figure>_<unit>` is absent while nothing was seen; `callcenter_alert` is 0 or 1. What a
watch is of stands in `subject` (a trunk, a folder), never a person.
"""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from callcenter.core.watch import Kind, Unit
from callcenter.services.watch import Standing


class WatchMetrics(Collector):
    """Collects from whoever knows how the watches stand."""

    def __init__(self, standings: Callable[[], Sequence[Standing]]) -> None:
        self._standings = standings

    def collect(self) -> Iterator[Metric]:
        """All watches."""
        alert = GaugeMetricFamily(
            "callcenter_alert",
            "1 while an alert is raised",
            labels=["code", "severity", "subject"],
        )
        figures: dict[str, GaugeMetricFamily] = {}
        for one in self._standings():
            kind, watch = one.kind, one.watch
            alert.add_metric([kind.code, kind.severity, one.subject], float(watch.is_raised))
            if watch.value is not None:
                name = metric_name(kind)
                figure = figures.setdefault(
                    name, GaugeMetricFamily(name, f"What {kind.code} looks at", labels=["subject"])
                )
                figure.add_metric([one.subject], watch.value)
        yield alert
        yield from figures.values()


def metric_name(kind: Kind) -> str:
    """The name of a kind's figure, with its unit where it has one."""
    name = f"callcenter_watch_{kind.figure}"
    return name if kind.unit in (Unit.COUNT, Unit.STATE) else f"{name}_{kind.unit}"
