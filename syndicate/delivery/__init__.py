"""message × recipient: the states of a delivery, what to do after an outcome, and the loop that delivers."""
