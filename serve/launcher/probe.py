"""`python -m serve.launcher.probe URL ...`: whether each answers 200, for health checks of containers.

Standard library only, and no imports of the project's: it runs every few seconds.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT: Final = 5.0


def complaint(url: str) -> str | None:
    """What is wrong with the answer of `url`; None when it is 200 and comes within five seconds."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:  # noqa: S310 - the operator's own URL
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    except (OSError, ValueError) as error:
        return f"{url} does not answer: {error}"
    return None if status == HTTPStatus.OK else f"{url} answered {status}"


def main(urls: Sequence[str]) -> int:
    """Leaves with 0 when all are well, else with 1 and a line for each that is not."""
    complaints = [found for found in map(complaint, urls) if found]
    sys.stderr.writelines(f"{found}\n" for found in complaints)
    return 1 if complaints or not urls else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
