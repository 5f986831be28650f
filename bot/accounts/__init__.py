"""Who may sign in to the console, what they may see, and what they did there."""
