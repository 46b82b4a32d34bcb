"""Benchmarks of trainings, answers and pages, and the server and browser they use.

Offers one function per `fmnist bench` command. Imported by `cli` only.
"""
