"""The best training within a time limit: what recipes reached, and how long they take here.

Offers `planner.plan_here`. Rests on finished runs.
"""
