"""This package turns texts into vectors that lie close when texts mean the same, in whatever words or language."""
