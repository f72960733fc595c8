"""The engine's figures, read off at the moment somebody asks. Labels are queues and states, never people.

Nothing is counted twice: the engine's own counters are shown as they are.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from callcenter.engine.api import Door


class EngineMetrics(Collector):
    """Collects from the door. `trunks`: whether each carrier answers, by its name."""

    def __init__(self, door: Door, trunks: Callable[[], Mapping[str, bool]]) -> None:
        self._door = door
        self._trunks = trunks

    def collect(self) -> Iterator[Metric]:
        """All figures."""
        _, rows = self._door.snapshot()
        yield from self._queues(rows["queues"])
        agents, calls = rows["agents"].values(), rows["calls"].values()
        yield _counted("callcenter_agents", "Agents", agents, "presence", "activity")
        yield _counted("callcenter_calls", "Live calls", calls, "phase")
        yield from self._counters()
        most = self._door.most_per_second
        yield GaugeMetricFamily(
            "callcenter_calls_per_second_limit",
            "New calls taken in a second at most; infinite where there is no limit",
            value=float("inf") if most is None else most,
        )
        yield GaugeMetricFamily(
            "callcenter_callers_with_music", "Callers who hear music", value=self._door.with_music
        )
        up = GaugeMetricFamily("callcenter_trunk_up", "1 while a trunk answers", labels=["trunk"])
        for name, answers in self._trunks().items():
            up.add_metric([name], float(answers))
        yield up

    def _queues(self, rows: dict[str, dict[str, object]]) -> Iterator[Metric]:
        waiting = GaugeMetricFamily(
            "callcenter_waiting_callers", "Callers waiting", labels=["queue"]
        )
        free = GaugeMetricFamily("callcenter_free_agents", "Agents free now", labels=["queue"])
        for queue, row in rows.items():
            waiting.add_metric([queue], float(str(row["waiting"])))
            free.add_metric([queue], float(str(row["free"])))
        yield waiting
        yield free

    def _counters(self) -> Iterator[Metric]:
        counted = self._door.counters
        for name, text, value in (
            ("callcenter_facts", "Facts heard", counted.facts),
            ("callcenter_late_facts", "Facts that came late or twice", counted.late_facts),
            ("callcenter_faults", "Calls handed back because of a fault", counted.faults),
            ("callcenter_calls_arrived", "Calls that came in", counted.arrived),
            ("callcenter_offers", "Offers to agents", counted.offers),
            ("callcenter_calls_answered", "Calls an agent answered", counted.answered),
            ("callcenter_calls_abandoned", "Callers who gave up waiting", counted.abandoned),
        ):
            yield CounterMetricFamily(name, text, value=value)
        ended = CounterMetricFamily(
            "callcenter_offers_ended", "Offers that ended without an answer", labels=["why"]
        )
        for why, count in counted.offers_ended.items():
            ended.add_metric([why], count)
        yield ended
        refused = CounterMetricFamily(
            "callcenter_calls_refused", "Calls turned away at once", labels=["why"]
        )
        for reason, count in counted.refused.items():
            refused.add_metric([reason], count)
        yield refused


def _counted(
    name: str, text: str, rows: Iterable[Mapping[str, object]], *columns: str
) -> GaugeMetricFamily:
    """How many rows there are of each combination of what stands in `columns`."""
    family = GaugeMetricFamily(name, f"{text} by {' and '.join(columns)}", labels=columns)
    for values, count in Counter(tuple(str(row[c]) for c in columns) for row in rows).items():
        family.add_metric(values, count)
    return family
