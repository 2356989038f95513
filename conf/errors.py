"""Errors that end a command, each with its exit code."""

from collections.abc import Sequence


class RiskvaneError(Exception):
    """Something that was wanted could not be done; exit code 1."""

    exit_code = 1


class UsageError(RiskvaneError):
    """The call or a setting is wrong; nothing was touched; exit code 2."""

    exit_code = 2


class DataRefused(RiskvaneError):
    """Data broke its contract and was not published; exit code 3.

    `problems` holds one sentence per broken rule, with file and column where they are known.
    """

    exit_code = 3

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__("\n  - ".join([message, *problems]))
        self.problems = list(problems)
