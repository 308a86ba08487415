"""What `selfplay corpus build NAME` knows of each corpus: where its pairs are, how to read and how to check them."""

from envs.corpus.builders.builder import Builder, Checked, Draft

__all__ = ["Builder", "Checked", "Draft"]
