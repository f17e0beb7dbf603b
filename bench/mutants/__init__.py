"""Mutants: firmware that is wrong on purpose, one defect each, to see that the tests catch it.

A test that has never failed proves little. Each mutant here is a defect that somebody has had, or could
have: it is built into a firmware of its own, and the tests are run against that. One that no test catches is
a hole in the tests.

- `edits`: what makes a source wrong
- `mutant`, `catalogue` and the lists it joins: what the mutants are, and which test is to catch each
- `trial`, `judge`: build one, boot it, run the tests against it
- `report`: the table, the JSON file and docs/mutants.md
"""
