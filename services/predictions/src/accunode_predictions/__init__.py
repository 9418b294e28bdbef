"""Companies, predictions, explanations, the portfolio and the models behind them."""
