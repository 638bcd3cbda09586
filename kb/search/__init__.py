"""From a query or a paste to articles: query -> which passages -> in which order -> why.

- How is a query read? query.py (text -> tree), query_terms.py (text -> weighted terms), lines.py (its subject, what
  a log repeats, its gist), faults.py (several faults in one text), products.py (which products it names)
- What do pages, commands and the desk ask of retrieval? engine.py, the door: one Protocol of values of the model;
  the engine behind it: embedded.py; what any engine must answer inside: backend.py
- What does the ranking ask of whoever holds the postings? corpus.py: all passages, or those that were found
- Which articles meet conditions on what is known of them? conditions.py; their facets, counted: facets.py
- How does a cluster find, where one machine is not enough? opensearch/, which says it in its own __init__
- What is open for searching, and since when? index.py; words and their df: vocabulary.py, what
  they weigh: words.py; the same for who sees only a part: seen.py; last answers: result_cache.py
- Which articles are found, in which order? searcher.py; the steps of a score, in order: scoring.py; by words:
  ranking.py, postings.py (the weights of one bundle); latent_topics.py
- Where does a phrase or a pattern hold? conditions combined: filters.py; fulltext.py: positions.py (texts),
  metadata.py (front matter, by Whoosh); what a pattern stands for: wildcards.py
- What answers a paste? suggest.py; what is read of a long one: kb/text/excerpt.py; how sure: confidence.py; from
  where on it is this fault: threshold.py, found by kb/desk/calibration.py
- What does one ask when cases are close? clarify.py (which question, what an answer changes), asking.py (what can
  be asked, in which words), sentences.py (what reads well), observed.py (what a customer sees of an article),
  holding.py (whether an article says it)
- What helped with pastes like this one? verdict_memory.py; the log of verdicts: kb/database/activity.py; kept at
  hand: kb/desk/memory.py
- Why was this found? What is marked? evidence.py (what passages hold of a query), explain.py, snippets.py
- Why was it not found? What would help? why.py, improvements.py; what a change would do: kb/desk/what_if.py
- What is misspelled? Did you mean? spelling.py; which words are near: vocabulary.py, kb/text/spelling_keys.py,
  written by kb/indexer/spellings.py; which are common in other languages: kb/text/common.py, its list by
  scripts/common-words
- Which articles say the same? Which words? duplicates.py, synonym_mining.py
- How good is it? Did it rise or fall? evaluate.py, scripts/tune (numbers chosen on several sets), scripts/frames
  (codes within talk, mails, logs: tests/frames, tests/framing.py), scripts/calibrate, scripts/robustness
  (misspelled), BENCHMARKS.md
- What may be meant while one types? autocomplete.py; the list itself: static/search.js
- Who holds an identifier? What is there of an area, a product? identifier_page.py, overview.py; their pages:
  kb/web/browse.py
- What is near by meaning? meaning.py; texts for an assistant: passages_for.py
"""
