"""`template.yaml`: the bundle on AWS, as the Serverless Application Model describes it."""
