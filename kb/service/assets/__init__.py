"""What cases are about: customers and what they were promised, their devices, and the parts that mend them.

- Who is a customer, which sites, contacts and contracts has one, what follows for a case? customers.py
- Which device is meant, what happened to it, is a new one due, what becomes of an exchange? devices.py
- What of that fills in a report? known.py
- Which part lies where, may it be moved? stock.py: the sum of moves
- How does a table become rows: what a column may be called, what a cell means? table.py
- How is one row changed by hand, over the version that was seen? editing.py
- How is an import seen before it is written, written whole, and undone as a whole? importing.py, over ledger.py
"""
