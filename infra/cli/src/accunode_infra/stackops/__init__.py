"""What is done to one stack, or several at once: look, change, watch, explain, delete."""
