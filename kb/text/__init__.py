"""What a text is to us: its characters, tokens, identifiers, and which of its words mean the same.

- How is text cut? tokens.py; error codes, ports, versions: identifiers.py, check_digits.py; for quotations: unigrams.py
- What means the same? synonyms.py; the shipped words: data/trade_words.txt; Taiwan's words in a query: taiwan.py,
  data/taiwan_words.txt
- What does HTML say, however broken? hypertext.py; what are these bytes? encodings.py; which pictures are taken in?
  kb/articles/pictures.py
- Which code of a text names the fault? Which words are talk, which say nothing? telling.py; stopwords.py, talk.py,
  learned from data/talk.txt by scripts/talk-terms; how often general language says a word: general.py
- Which words are common in other languages? common.py; how they sound and are misspelled: spelling_keys.py
- Terms as numbers: hashing.py
- What does a mail say that is new? mails.py; who sent it, did somebody write it: envelopes.py; of Outlook's files:
  outlook.py
- What is read of a long text? excerpt.py; what was misread in a picture: misread.py
"""
