"""What the console shows, read in few queries however many rows there are.

Everything here is given a ``Scope`` and shows nobody beyond it.
"""
