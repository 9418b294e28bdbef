"""Plans, deploys, watches and removes AccuNode on AWS."""
