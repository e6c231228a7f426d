"""What a durable engine costs, beside its peers and the database below it."""
