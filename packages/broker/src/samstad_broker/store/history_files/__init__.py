"""History files: what the log recorded, as Parquet that anybody can read.

Only the worker that seals imports ``parquet``, and with it DuckDB.
"""

from samstad_broker.store.history_files.columns import FORMAT, HISTORY_COLUMNS, HistoryColumn, HistoryRow
from samstad_broker.store.history_files.explode import history_rows

__all__ = ["FORMAT", "HISTORY_COLUMNS", "HistoryColumn", "HistoryRow", "history_rows"]
