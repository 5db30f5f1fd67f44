"""``samstad-rsmp``: understand the command line, run one command, turn what happened into an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from cyclopts import App, CycloptsError

from samstad_rsmp.shell.cli.exits import CommandFailed, Exit, print_failure
from samstad_rsmp.shell.cli.send import send
from samstad_rsmp.shell.cli.site import site
from samstad_rsmp.shell.cli.supervise import supervisor, watch

__all__ = ["application", "main"]

TRACEBACK = "SAMSTAD_TRACEBACK"
"""When this is set in the environment, a fault of ours shows where it happened."""
HELP = (
    "RSMP, the Nordic protocol of traffic signals: an emulated controller, and a supervisor to try it with."
)


def application() -> App:
    """Build the application."""
    app = App(
        name="samstad-rsmp",
        help=HELP,
        version=lambda: version("samstad-rsmp"),
        help_format="plaintext",
        result_action="return_value",
    )
    for command in (site, supervisor, watch, send):
        app.command(command)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = application()(words, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        detail = " ".join(str(error).split())
        failure = CommandFailed(detail, code=Exit.USAGE, todo="see samstad-rsmp --help")
    except CommandFailed as refused:
        failure = refused
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # the last stop of the whole program
        if TRACEBACK in os.environ:
            raise
        detail = f"a fault of ours: {type(error).__name__}: {error}"
        todo = f"run again with {TRACEBACK}=1 and report what it shows"
        failure = CommandFailed(detail, code=Exit.FAULT, todo=todo)
    else:
        return int(code or Exit.OK)
    print_failure(failure, as_json="--json" in words)
    return int(failure.code)


if __name__ == "__main__":
    sys.exit(main())
