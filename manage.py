#!/usr/bin/env python
"""Command-line entry: starts the embedded PostgreSQL and Redis where no URLs are given."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cryptopredict.settings")
    from cryptopredict import embedded

    try:
        with embedded.for_command(sys.argv):
            from django.core.management import execute_from_command_line

            execute_from_command_line(sys.argv)
    except embedded.StartError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
