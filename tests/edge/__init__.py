"""Edge functions, run by Deno before families that run."""
