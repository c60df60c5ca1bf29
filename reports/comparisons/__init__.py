"""What a comparison ends with: its tables, its panel, its paragraph, and the figure that it is drawn as."""
