"""From Markdown to a bundle: articles -> passages -> tokens -> arrays and full text."""
