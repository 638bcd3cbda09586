"""What stands on both indexing and searching, and below pages and commands."""
