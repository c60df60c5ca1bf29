"""A program in any language as a trainer: started for each rung, told by its arguments, heard by lines of JSON."""
