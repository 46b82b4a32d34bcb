"""The dataset itself: its 70,000 images as one list, its classes, and images that are alike."""
