"""This package plans and carries out imports: documents and old tickets that become articles."""
