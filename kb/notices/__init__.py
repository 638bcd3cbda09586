"""What is told to whom, when, and by which way? Everything goes through one outbox, and nothing is told twice.

- What waits to be sent, what could not be: outbox.py; by which ways: channels.py (mail, webhook, chats)
- How does somebody want to be told, and where: wishes.py
- A piece of news becomes messages to people: news.py; what is new of articles, and whom it concerns: knowledge.py
- What is said of cases: kb/service (letters.py to customers, warnings.py to those at work, incoming.py from customers)
"""
