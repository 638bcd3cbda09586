"""The service loop: a case is a log of events; its state, clocks and figures are functions of it.

- What can happen to a case, and how does a log count? events.py (the vocabulary: kb/model/casework.py); what actions
  ask for: fields.py; which may be when, and what state follows: states.py, windows.py (silence, reopening)
- What is promised? policy.py reads service.yml; rehearsal.py tries one on cases that were
- How does it stand with a promise, and why? clocks.py, over reckoning.py (working time) and days.py (days off)
- What is learnt of cases? closing.py (a log becomes an article), credit.py (which articles solved them), figures.py
  over ledger.py (how a case stands with each promise, a row each), sayings.py (words of customers that find nothing),
  proposing.py (how urgent a report is, and how far it reaches)
- Which visits, repairs, exchanges and trainings has a case? works.py; signed how? signatures.py; how is it with all of
  them? handling.py. What goes to a site without a network: fieldpack.py; how does it come back? fieldwork.py
- What is the report of a day of an emergency? daily.py
- What is a customer told, and by which link does he come? tracking.py, links.py
- Which files came with them? files.py. Which reports must find what is published? publishing.py
- How does a desk look to try it? sampling.py makes up a year, sampling_estate.py what it stands on
- How is it told, and what is it as JSON? telling.py
- By which text are fixes looked for? wording.py. Which cases hold these words, or are like it? finding.py
- What is told of cases? letters.py (mails to customers, calls of a program), warnings.py (what runs out of time, whose
  turn it is), watching.py (looks at those whose time has come); who is on duty: duty.py
- Which case does a mail belong to, and was it written by anybody? incoming.py; from a mailbox: mailbox.py
- Where are cases kept? cases.py, the door of all surfaces: one transaction for an event and what lists know of the
  case (snapshot.py); their numbers: numbers.py
- Whom is it about? assets/: customers, devices, parts; what is done before they fail, versions, updates: rounds/
- What is a month's report? reports.py; what do devices cost, which article saves visits? costs.py
"""
