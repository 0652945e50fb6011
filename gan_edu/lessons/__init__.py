"""Checks for exercises and quiz questions, one file per notebook: what a learner answers, compared with the truth."""
