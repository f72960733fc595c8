"""The lease, as figures: how often it has changed hands, and how long ago we were last sure of it."""

from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class LeaseMetrics(Collector):
    """`epoch` is None while an engine works on trust, without the database."""

    def __init__(self, epoch: Callable[[], int | None], age: Callable[[], float]) -> None:
        self._epoch = epoch
        self._age = age

    def collect(self) -> Iterator[Metric]:
        """Both figures."""
        epoch = self._epoch()
        yield GaugeMetricFamily(
            "callcenter_lease_epoch",
            "Counts up each time another engine takes the lease; 0 while working without it",
            value=0 if epoch is None else epoch,
        )
        yield GaugeMetricFamily(
            "callcenter_lease_age_seconds",
            "Since the last renewal that succeeded was asked for",
            value=self._age(),
        )
