"""A training in a process of its own, for the test that kills it: `killed.py DATABASE` with the toy model.

It says "begun" in the middle of its third fold and stays there.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import django

if __name__ == "__main__":
    django.setup()
    from django.conf import settings
    from django.db import connection

    connection.settings_dict["NAME"] = sys.argv[1]
    settings.MODEL_CATALOGUE = "aimodels.tests.toys.CATALOGUE"

    from aimodels import services
    from aimodels.tests import toys

    folds: list[int] = []

    def fit(made: toys.ToyInputs, row: int) -> toys.ToyFit:
        folds.append(row)
        if len(folds) == 3:
            sys.stdout.write("begun\n")
            sys.stdout.flush()
            time.sleep(60)
        return toys.fit(made, row)

    declared = toys.CATALOGUE.models["toy"]
    toys.CATALOGUE.models["toy"] = replace(declared, fit=fit)
    services.train(name="toy", as_of=toys.LAST, days=300)
