"""``samstad``: understand the command line, run one command, turn what happened into an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from samstad_node.cli.commands import all_commands, all_groups
from samstad_node.cli.exits import CommandFailed, Exit
from samstad_node.cli.output import print_failure
from samstad_node.release import release
from samstad_node.settings import SettingsRefused

__all__ = ["application", "main"]

HELP = "A node of the smart and connected city: an NGSI-LD context broker and the services around it."
TRACEBACK = "SAMSTAD_TRACEBACK"
"""When this is set in the environment, a fault of ours shows where it happened."""


def application() -> App:
    """Build the application from the table of commands."""
    app = App(
        name="samstad", help=HELP, version=release, help_format="plaintext", result_action="return_value"
    )
    groups = {word: App(name=word, help=text) for word, text in all_groups().items()}
    for group in groups.values():
        app.command(group)
    for words, target, text in all_commands():
        parent = app if len(words) == 1 else groups[words[0]]
        parent.command(target, name=words[-1], help=text)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see ``Exit``)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = application()(words, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        return _fail(_usage(error), words)
    except SettingsRefused as refusal:
        return _fail(_settings(refusal), words)
    except CommandFailed as failure:
        return _fail(failure, words)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:  # the last stop of the whole program
        if TRACEBACK in os.environ:
            raise
        return _fail(_fault(error), words)
    return int(code or Exit.OK)


def _fail(failure: CommandFailed, words: Sequence[str]) -> int:
    print_failure(failure, json="--json" in words)
    return failure.exit


def _usage(error: CycloptsError) -> CommandFailed:
    detail = " ".join(str(error).split())
    command = " ".join(("samstad", *(error.command_chain or ())))
    return CommandFailed(detail, exit=Exit.USAGE, todo=f"see {command} --help")


def _settings(refusal: SettingsRefused) -> CommandFailed:
    detail = "; ".join(str(problem) for problem in refusal.problems)
    return CommandFailed(detail, exit=Exit.SETTINGS, todo="samstad settings show lists what may be set")


def _fault(error: Exception) -> CommandFailed:
    detail = f"a fault of ours: {type(error).__name__}: {error}"
    return CommandFailed(
        detail, exit=Exit.FAULT, todo=f"run again with {TRACEBACK}=1 and report what it shows"
    )


if __name__ == "__main__":
    sys.exit(main())
