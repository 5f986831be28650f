"""The dialogue: Rasa's domain, rules, forms and responses, and the Python behind its actions."""
