"""What a page is about, and the tour of the pages."""
