"""What is offered below an answer on the Classify page."""
