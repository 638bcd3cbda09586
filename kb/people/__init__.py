"""Who are the people of a site, how do they show who they are, and what may each of them do?

- Which role may do what, and what is said to others: roles.py, one table
- Which articles does somebody see? sight.py, the only place; which teams are there, whom does an article concern:
  teams.py
- Who is there, how does somebody come in, get a new password: accounts.py
- Is a password good enough, is it the right one: passwords.py; the second factor, recovery codes: second_factor.py
- Who is it that the company's own login vouches for, by which role: openid.py
- Who is signed in, where, until when: sessions.py
- What is kept of one person, and how does it go: forgetting.py
- What happened to accounts, tokens, exports, settings: journal.py, which only grows
- How often may somebody ask for what costs: limits.py
"""
