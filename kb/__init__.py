"""Guzhi: a knowledge base and troubleshooting search engine for IT after-sales service."""

__version__ = "0.4.0"
