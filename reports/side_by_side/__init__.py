"""Several studies side by side: what each says to use, how sure that is, and what it cost."""
