"""Importing this, before NumPy, gives the process one BLAS thread.

Workers are as many as there are cores; two processes with BLAS's default threads run at half the speed of one.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"
