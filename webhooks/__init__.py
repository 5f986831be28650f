"""HTTP from outside: Twilio in, status in, Rasa's action calls, health."""
