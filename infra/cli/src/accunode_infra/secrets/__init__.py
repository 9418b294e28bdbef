"""The secrets of an environment, in Parameter Store: drawn, put, listed without their values, rotated."""
