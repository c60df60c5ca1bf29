"""What a trial does: assignments, images, our networks, and the door of the test set."""
