"""The parts of the Train page: settings, time limit, the running training."""
