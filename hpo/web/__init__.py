"""The dashboard as a server: who may see it, what may be changed through it, and how it listens."""
