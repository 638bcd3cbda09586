"""From Markdown to a bundle: articles -> passages -> tokens -> arrays and full text.

- What happens in a build, or when one article is saved? build.py: changes.py (what changed), reading.py, beside it in
  processes of their own (parallel.py): analysis.py (one article); writer.py
- How does a large base fit into little memory? runs.py (what was analysed, on disk; a killed build is gone on with),
  batches.py (its articles in order, some at a time), columns.py (arrays and lines that grow, columns that are merged)
- What is written for which question? bm25.py (which words, how much they weigh), latent_topics.py (which words
  belong together), positions.py (where they stand), metadata.py (front matter), facets.py (filters, dates, names),
  all in kb/indexer
- Who notices changed articles, and what follows a new index? watch.py
- What do pictures of articles say? captions.py reads them, once each; kb/articles/captions.py keeps it
- What is misspelled? spellings.py writes what is near; vectors of meaning, beside serving: meaning.py
"""
