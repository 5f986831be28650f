"""The command line: what `./mentorline` does once its environments are there."""
