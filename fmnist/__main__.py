"""`python -m fmnist`: see `fmnist.cli.main`."""

import sys

from fmnist.cli.main import run_command

if __name__ == "__main__":  # the processes that render training images import this module too
    sys.exit(run_command())
