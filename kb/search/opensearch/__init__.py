"""OpenSearch finds, Guzhi ranks: an engine for bases and readers that outgrow one machine.

- How is the cluster asked, how long is it waited for, and what is told when it does not answer? client.py
- What stands in it: fields, similarity, and the numbers the ranking needs, packed? layout.py
- How does a build get there, and the edit of one article? publish.py
- What does every process know of all words, without asking? snapshot.py
- How does the tree of a query become what OpenSearch asks? conditions.py
- Which build is in force? following.py; what is read while the cluster is away? reading.py
- Which passages does the ranking look at? window.py, found by finding.py
- What do pages, commands and the desk ask? engine.py, as kb.search.engine says
"""
