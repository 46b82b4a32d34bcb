"""What the parts of several pages share: the frame, loading, images and answers."""

from pathlib import Path

PAGES_DIR = Path(__file__).parents[2]
