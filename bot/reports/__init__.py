"""What a programme reports, computed from records. Nothing here is typed in."""
