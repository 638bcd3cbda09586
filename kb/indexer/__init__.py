"""From Markdown to a bundle: articles -> passages -> tokens -> arrays and full text.

- What happens in a build, or when one article is saved? build.py: changes.py (what changed), analysis.py (one
  article), batches.py (passages as arrays), writer.py; parallel.py
- What is written for which question? bm25.py (which words, how much they weigh), latent_topics.py (which words
  belong together), positions.py (where they stand), metadata.py (front matter), facets.py (filters, dates, names),
  all in kb/indexer
- Who notices changed articles, and what follows a new index? watch.py
- What do pictures of articles say? captions.py reads them, once each; kb/articles/captions.py keeps it
- What is misspelled? spellings.py writes what is near; vectors of meaning, beside serving: meaning.py
"""
