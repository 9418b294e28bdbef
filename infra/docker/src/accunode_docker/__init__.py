"""AccuNode in containers: what prepares, routes, measures and publishes the images."""
