"""What the clouds are told of the families: templates and tables, written from the manifests."""
