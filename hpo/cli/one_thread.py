"""What every front door imports first, before NumPy: one BLAS thread, and a word where something is not installed.

Workers are as many as there are cores; two processes with BLAS's default threads run at half the speed of one. What
reads results does the same: beside a search that keeps the cores busy, BLAS's threads wait for each other (the
eigenvalues of 500 x 500 numbers took 3.2 s instead of .03 s), and another number of threads gives other last bits.
"""

import os

import hpo.cli.ctrl_c  # noqa: F401 - what comes first in a front door answers Ctrl-C, too
from hpo.cli import garbage
from hpo.cli.installed import refuse_what_is_missing

for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"

refuse_what_is_missing()

garbage.put_off()  # until `run_command` begins
