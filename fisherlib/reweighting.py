"""From the true distribution to the model's: weights, what they are worth, free-energy differences."""
