"""What is measured: trainings, answers, strokes and clicks, and the server and browser for it.

Offers one function per `fmnist bench` command. Imported by `cli` only.
"""
