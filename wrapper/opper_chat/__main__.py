"""`python -m opper_chat`: the command ``opper-chat``."""

import sys

from .cli.main import main

if __name__ == "__main__":
    sys.exit(main())
