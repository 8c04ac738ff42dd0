"""``opper-chat doctor``: the versions, the key, the address, TLS and one call. The key itself is not shown."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..console import Console
from ..options import add_client_options, add_common_options

if TYPE_CHECKING:
    from ..doctor import CheckResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``doctor``."""
    parser.add_argument("-m", "--model", action="append", metavar="NAME", help="the model of the call")
    parser.add_argument("--no-call", action="store_true", help="send only a TLS handshake to the server")
    parser.add_argument("--json", action="store_true", help="print the checks as JSON")
    add_client_options(parser)
    add_common_options(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Make the checks, and return the exit code of the first one that fails."""
    from ..doctor import make_checks
    from ..exit_codes import ExitCode
    from ..output import write_json

    checks: list[CheckResult] = []
    for check in make_checks(options):
        checks.append(check)
        if not options.json:
            console.write_line(f"{check.name}: {'' if check.exit_code is ExitCode.OK else 'FAILED: '}{check.text}")
    if options.json:
        write_json(console, [{**check._asdict(), "exit_code": int(check.exit_code)} for check in checks])
    return next((check.exit_code for check in checks if check.exit_code is not ExitCode.OK), ExitCode.OK)
