#!/usr/bin/env python
"""Command-line entry: starts the embedded PostgreSQL and Redis where no URLs are given."""

import os
import sys

NO_TABLE = "42P01"  # PostgreSQL's code for a relation that does not exist


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cryptopredict.settings")
    from cryptopredict import embedded

    try:
        with embedded.for_command(sys.argv):
            from django.core.management import execute_from_command_line

            execute_from_command_line(sys.argv)
    except embedded.StartError as error:
        sys.exit(f"Error: {error}")
    except Exception as error:
        if getattr(error.__cause__, "sqlstate", None) == NO_TABLE:
            sys.exit("Error: the database lacks a table; run manage.py migrate first")
        raise


if __name__ == "__main__":
    main()
