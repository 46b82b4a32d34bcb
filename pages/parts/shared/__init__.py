"""What the parts of several pages share: the frame, loading, galleries, tables."""
