"""tiercel: Kestra's flows and plugins as a bundle of serverless functions; the runtime that every family shares."""
