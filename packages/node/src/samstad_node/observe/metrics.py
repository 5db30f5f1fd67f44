"""Metrics: plain ints on the hot path, turned into Prometheus families only when somebody scrapes.

A cell is got once, outside the hot path, and then costs one addition::

    requests = metrics.counter("samstad_http_requests_total", "Requests answered.", ("status",))
    ok = requests.cell("200")
    ok.count += 1
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

__all__ = ["LATENCY_BUCKETS_S", "Counter", "CounterCell", "Gauge", "Histogram", "HistogramCell", "Metrics"]

LATENCY_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MOST_CELLS = 10_000
"""Label combinations that one metric keeps; more are counted under ``other`` (I5)."""

Labels = tuple[str, ...]


class CounterCell:
    """One count that only grows."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class HistogramCell:
    """Counts per bucket and the sum of one label combination."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value in the histogram's unit."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Counter:
    """A counter with labels; its name ends in ``_total``."""

    def __init__(self, name: str, text: str, labels: Labels) -> None:
        self.name = name
        self.text = text
        self.labels = labels
        self.cells: dict[Labels, CounterCell] = {}

    def cell(self, *values: str) -> CounterCell:
        """Return the cell of these label values, making it when it is new."""
        key = _key(self.cells, self.labels, values)
        return self.cells.setdefault(key, CounterCell())

    def family(self) -> Metric:
        """Return the metric as Prometheus knows it."""
        family = CounterMetricFamily(self.name.removesuffix("_total"), self.text, labels=self.labels)
        for values, cell in self.cells.items():
            family.add_metric(values, cell.count)
        return family


class Histogram:
    """A histogram with labels and fixed bounds."""

    def __init__(self, name: str, text: str, labels: Labels, bounds: Sequence[float]) -> None:
        self.name = name
        self.text = text
        self.labels = labels
        self.bounds = tuple(bounds)
        self.cells: dict[Labels, HistogramCell] = {}

    def cell(self, *values: str) -> HistogramCell:
        """Return the cell of these label values, making it when it is new."""
        key = _key(self.cells, self.labels, values)
        found = self.cells.get(key)
        if found is None:
            found = self.cells[key] = HistogramCell(self.bounds)
        return found

    def family(self) -> Metric:
        """Return the metric as Prometheus knows it."""
        family = HistogramMetricFamily(self.name, self.text, labels=self.labels)
        names = [*(f"{bound:g}" for bound in self.bounds), "+Inf"]
        for values, cell in self.cells.items():
            family.add_metric(values, list(zip(names, accumulate(cell.counts), strict=True)), cell.total)
        return family


class Gauge:
    """A value that is asked for at each scrape: one float, or a float per label combination."""

    def __init__(
        self, name: str, text: str, labels: Labels, read: Callable[[], Iterable[tuple[Labels, float]]]
    ) -> None:
        self.name = name
        self.text = text
        self.labels = labels
        self.read = read

    def family(self) -> Metric:
        """Return the metric as Prometheus knows it."""
        family = GaugeMetricFamily(self.name, self.text, labels=self.labels)
        for values, value in self.read():
            family.add_metric(values, value)
        return family


class Metrics(Collector):
    """All metrics of one process; a name can be given once."""

    def __init__(self) -> None:
        self._metrics: dict[str, Counter | Histogram | Gauge] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def counter(self, name: str, text: str, labels: Labels = ()) -> Counter:
        """Add a counter; ValueError when its name is taken or does not end in ``_total``."""
        if not name.endswith("_total"):
            raise ValueError(f"{name}: a counter's name ends in _total")
        counter = Counter(name, text, labels)
        self._add(counter)
        return counter

    def histogram(
        self, name: str, text: str, labels: Labels = (), *, bounds: Sequence[float] = LATENCY_BUCKETS_S
    ) -> Histogram:
        """Add a histogram with these upper bounds, in rising order."""
        histogram = Histogram(name, text, labels, bounds)
        self._add(histogram)
        return histogram

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> Gauge:
        """Add a gauge whose value is read at each scrape."""
        return self.gauges(name, text, (), lambda: (((), read()),))

    def gauges(
        self, name: str, text: str, labels: Labels, read: Callable[[], Iterable[tuple[Labels, float]]]
    ) -> Gauge:
        """Add a gauge with labels; ``read`` gives (label values, value) pairs at each scrape."""
        gauge = Gauge(name, text, labels, read)
        self._add(gauge)
        return gauge

    def collect(self) -> Iterator[Metric]:
        """Yield every family, in the order in which they were added."""
        for metric in list(self._metrics.values()):
            yield metric.family()

    def exposition(self) -> bytes:
        """Return the text that Prometheus scrapes."""
        return generate_latest(self._registry)

    def _add(self, metric: Counter | Histogram | Gauge) -> None:
        if metric.name in self._metrics:
            raise ValueError(f"{metric.name} is already a metric")
        self._metrics[metric.name] = metric


def _key(
    cells: dict[Labels, CounterCell] | dict[Labels, HistogramCell], labels: Labels, values: Labels
) -> Labels:
    if len(values) != len(labels):
        raise ValueError(f"labels are {labels}, not {len(values)} values")
    return values if values in cells or len(cells) < MOST_CELLS else ("other",) * len(labels)
