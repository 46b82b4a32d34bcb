"""The part of the Train page where the layers of one's own network are chosen."""
