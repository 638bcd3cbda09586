"""This package is the history of the tables: how a database of an earlier version becomes one of today's."""
