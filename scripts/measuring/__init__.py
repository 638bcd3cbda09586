"""What scripts/bench and scripts/soak measure with: passages, queries, peers, processes, tables."""
