"""What is built and installed: the distributions of this repository, and those of strangers."""
