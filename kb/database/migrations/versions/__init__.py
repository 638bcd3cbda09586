"""This package holds one module for each step, in order."""
