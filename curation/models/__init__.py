"""Language models: what they can be asked, and the backends that answer."""

import os

# Both are read when torch loads. Its threads would otherwise spin while they wait for one
# another, and two processes on the same cores (two workers, or a run beside anything else) would
# slow each other down manifold; with a short spin a process that is alone loses nothing.
os.environ.setdefault("GOMP_SPINCOUNT", "3000")
# Intel's library adds up in an order that follows from where in memory a matrix lies, unless it
# is told to give the same bits for the same numbers.
os.environ.setdefault("MKL_CBWR", "AUTO")
