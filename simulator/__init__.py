"""A stand-in for Twilio and for the phones of the people it reaches.

It serves Twilio's REST API to the real client, posts signed webhooks, and shows phones in
the browser. It stands for the outside world, so it imports nothing of the product; only the
addresses given at the start connect the two.
"""
