"""Model versions: what serves, what is promoted, what is known of each."""
