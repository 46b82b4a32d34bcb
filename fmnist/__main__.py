"""`python -m fmnist`: see `fmnist.cli.main`."""

import sys

from fmnist.cli.main import main
from fmnist.cli.streams import repair_streams

if __name__ == "__main__":  # the processes that render training images import this module too
    repair_streams()
    sys.exit(main())
