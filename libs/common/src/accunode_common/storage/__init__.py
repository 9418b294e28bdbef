"""Where files of jobs lie: the interface, a local folder, an S3 bucket, and the choice between them."""
