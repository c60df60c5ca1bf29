"""Importing this gives the tests one BLAS thread, as workers have: the same bits, and cores are left free."""

import hpo.cli.one_thread  # noqa: F401
