"""The views of the Report page, one file each."""
