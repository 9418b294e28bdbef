"""The credit domain: what services and workers decide alike about obligors, predictions, models and jobs."""
