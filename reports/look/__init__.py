"""A look inside a trained ConvNet: its first filters, and what it makes of an image, stage by stage."""
