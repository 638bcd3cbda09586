"""Guzhi: a knowledge base and troubleshooting search engine for IT after-sales service."""

import os

# Sums are short, and a site's processes share the work: threads that wait for each other's products cost a paste more
# than all the rest. It must be known before arrays are loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.4.0"
