"""Numbers from probabilities and labels: report, calibration, confusions, comparison of two runs.

Offers functions on arrays (N, 10) and (N,). scikit-learn and SciPy compute.
"""
