"""This package turns texts into vectors that lie close when texts mean the same, in whatever words or language.

- What is near in meaning? encoder.py (text -> vector), universal.py (the packaged encoder), folder.py (a model of
  one's own), texts.py (which texts are encoded), store.py (vectors on disk); made by kb/indexer/meaning.py, asked
  by kb/search/meaning.py; questions beside each other: likeness.py
"""
