"""Quizzes: the bank, and the plain rules of grading, spacing, selection, times and feedback."""
