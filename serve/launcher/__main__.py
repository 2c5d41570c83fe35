"""`python -m serve.launcher`: what `scripts/up` runs once the environment is there."""

from __future__ import annotations

import os
import sys

from serve.launcher.options import read_settings
from serve.launcher.server import Launcher


def main() -> None:
    """Run a server until it is told to stop. Leaves with 0 after an orderly stop, 1 when it could not run."""
    code = Launcher(read_settings(sys.argv[1:])).run()
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is stopped by now. What Ray and Serve registered to run at exit would look for a cluster that is gone.
    os._exit(code)


if __name__ == "__main__":
    main()
