"""What a trial does: assignments, images, our networks, and access to the test set."""
