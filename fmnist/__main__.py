"""`python -m fmnist`: see `fmnist.cli.main`."""

import sys

from fmnist.cli.main import main

if __name__ == "__main__":  # the processes that render training images import this module too
    sys.exit(main())
