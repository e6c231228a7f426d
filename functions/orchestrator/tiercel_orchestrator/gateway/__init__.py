"""The gateway of a laptop: the same route table, the same events, the same functions as on AWS."""
