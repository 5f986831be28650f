"""Where the project stands on this machine. Standard library only: used before the set-up too."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
