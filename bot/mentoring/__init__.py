"""Cases and who they go to."""
