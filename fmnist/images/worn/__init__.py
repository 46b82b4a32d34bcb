"""A garment off the person who wears it: where the joints are, and what is not the garment.

Offers `pose.find_pose` and `cutting.cut_garment`. Imports segmentation.
"""
