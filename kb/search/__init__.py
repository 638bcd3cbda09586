"""From a query or a paste to articles: query -> which passages -> in which order -> why."""
