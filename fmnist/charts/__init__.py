"""Charts: Altair for the pages, matplotlib and the HTML report to take away.

Offers Vega-Lite specifications, the tables they show, and files. Knows results, not pages.
"""
