"""Understanding: Rasa's environment, our own components, training, the gate and the client.

Two interpreters read this package. ``components``, ``stub`` and ``judge`` run under Rasa's
Python 3.10; everything else runs under the app's Python and never imports Rasa.
"""
