"""Benchmarks: our path beside Rasa's stock Twilio connector and an empty route, in one run."""
