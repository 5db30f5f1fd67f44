"""``python -m samstad_signals.simulation.evaluation``: the same command without a node."""

from __future__ import annotations

import sys

from cyclopts import App

from samstad_signals.simulation.evaluation.evaluate import evaluate


def main() -> int:
    """Understand the command line and run."""
    app = App(help_format="plaintext", result_action="return_value")
    app.default(evaluate)
    return int(app(sys.argv[1:]) or 0)


if __name__ == "__main__":
    sys.exit(main())
