"""Articles as files: how they are read, checked, written by people and imported. It knows neither index nor site.

- How is an article read, changed, created? files.py, its front matter: frontmatter.py; numbers: numbering.py; what
  a new one begins with: templates.py; when was it changed: dates.py; checked: check.py; a user's file named and
  saved: atomic.py
- How does Markdown become HTML and passages? markdown.py; parsed, within bounds: parser.py; other tools' marks:
  dialects.py; HTML in it: raw_html.py
- What must be found? articles/golden.yml: read by golden.py, run by kb/desk/golden.py
- Pictures of an article: pictures.py; what one says: lettering.py, kept: captions.py
- Markdown as plain text: plain.py
"""
