"""Companies, predictions and explanations."""
