"""The shell around the kernel: it renders, reads, dispatches and writes."""
