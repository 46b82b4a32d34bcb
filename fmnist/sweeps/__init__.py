"""Sweeps: many trainings from one plan, on this machine's cores or on a Dask cluster.

`plan` says which trainings, `engine` has them done, `results` says what came of them. Nothing that
pages import of it reaches Dask.
"""
