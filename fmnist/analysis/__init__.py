"""What a run gets wrong and why: mistakes, image properties, corruptions, neighbours, occlusion.

Offers tables and arrays that pages and commands show. Uses a run's stored predictions or LiteRT.
"""
