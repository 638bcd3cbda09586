"""This package plans and carries out imports: documents and old tickets that become articles.

- How do documents and old tickets become articles? plan.py (what would be written; carried out whole or not at
  all), bounded.py (in a process that is ended in time), readers.py (which files, by what), base.py (what is there
  already), sources.py (folder, .zip, file, within bounds), documents.py (Markdown; which other formats, by what),
  word.py (.docx), pages.py (.pdf), slides.py (.pptx), webpages.py (.html), texts.py (.txt), letters.py (.eml,
  .msg), shaping.py (title and sections of what was converted), packages.py (Office files, looked through first),
  cells.py (CSV, JSON), sheets.py (.xlsx, .xls), mappings.py (of columns, by name), undo.py (an import taken back),
  shelf.py (a plan laid aside, read page by page), columns.py (what a column means), tickets.py (a row as
  an article), escape.py (text as Markdown), model.py
"""
