"""tiercel: Kestra's flows and plugins as serverless functions; the runtime that every family shares."""
