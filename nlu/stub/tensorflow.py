"""Stands in for TensorFlow and Keras, which Rasa imports everywhere and our pipeline never uses.

Put this folder on PYTHONPATH: ``import tensorflow`` and every module below it then succeed, and
every name in them is a class that can be subclassed, annotated with and used as a decorator, as
Rasa does while it is being imported. Anything further raises ``TensorFlowLeftOut``.
"""

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

SENTENCE = (
    "TensorFlow is left out of this installation on purpose, so config.yml cannot use components "
    "that need it (DIETClassifier, TEDPolicy, ResponseSelector, UnexpecTEDIntentPolicy)."
)


class TensorFlowLeftOut(ImportError):
    """A component tried to compute with TensorFlow. The message is one sentence."""

    def __init__(self, *_: object) -> None:
        super().__init__(SENTENCE)


class _Name(type):
    """Makes each absent name a class whose own attributes are absent names too."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _absent(name)

    def __call__(cls, *args, **kwargs):
        # tf.function as a decorator, bare or with arguments: what it decorates is never called.
        if cls.__name__ == "function":
            return args[0] if args and callable(args[0]) else lambda decorated: decorated
        raise TensorFlowLeftOut


def _absent(name):
    return _Name(name, (), {"__module__": __name__})


class _Modules(MetaPathFinder, Loader):
    def find_spec(self, fullname, path=None, target=None):
        if fullname == "keras" or fullname.startswith(("keras.", "tensorflow.")):
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def exec_module(self, module):
        module.__getattr__ = __getattr__


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return _absent(name)


__version__ = "0"
__path__: list = []
sys.meta_path.insert(0, _Modules())
