"""All parts of the suite in one class."""

from typing import Any

from .asgi1 import Asgi1Cases
from .capacities import CapacityCases
from .contents import ContentCases
from .delays import DelayCases, FiringCases
from .edge_groups import EdgeGroupCases
from .edge_histories import EdgeHistoryCases
from .edges import EdgeCases
from .expired_readers import ExpiredReaderCases
from .expiries import ExpiryCases
from .groups import GroupCases
from .histories import HistoryCases
from .leases import LeaseCases
from .lengths import LengthCases
from .names import NameCases
from .pauses import PauseCases
from .queues import QueueCases
from .readers import ReaderCases
from .settlements import SettlementCases
from .statistics import StatisticsCases
from .waits import WaitCases
from .wills import WillCases


class ConformanceTestCase(
    NameCases,
    Asgi1Cases,
    ContentCases,
    QueueCases,
    LengthCases,
    CapacityCases,
    ExpiryCases,
    GroupCases,
    HistoryCases,
    StatisticsCases,
    ReaderCases,
    WaitCases,
    SettlementCases,
    EdgeCases,
    EdgeGroupCases,
    EdgeHistoryCases,
    ExpiredReaderCases,
    WillCases,
    LeaseCases,
    DelayCases,
    FiringCases,
    PauseCases,
):
    """The whole suite. A subclass says how to make a layer; see `LayerCase` for what it may say besides."""

    __test__ = False

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        cls.__test__ = True
