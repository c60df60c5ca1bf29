"""Layers fused for speed. What is here computes what models/layers/ computes, faster; nothing else is different."""

from hpo.models.fast.planning import plan

__all__ = ["plan"]
