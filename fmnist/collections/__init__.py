"""People's own pictures and opinions: labelled folders, zips, scores, corrections, tags, votes.

Offers readers for each layout and `scoring`. Uses `inference` to answer.
"""
