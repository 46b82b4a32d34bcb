"""The part of the Train page about past runs: table, detail, curves."""
