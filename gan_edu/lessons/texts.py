"""The English words that all lessons share; what belongs to one notebook is in that notebook's file."""

from __future__ import annotations

TEXTS = {
    "empty": "Still empty: put your answer in place of the dots and run the cell again.",
    "failed": "This could not be checked ({kind}: {error}). Look at what the exercise asks you to hand in.",
    "raised": "Your function stopped with {kind}: {error}. Call it in a cell of its own to see where.",
    "not_callable": "Hand in the function itself, without calling it: its name, no brackets. Got {got}.",
    "not_number": "A number is wanted here; got {got}.",
    "right": "Right",
    "not_yet": "Not yet",
    "check": "Check",
    "choose": "Choose an answer first.",
    "correct": "Yes.",
    "incorrect": "Not quite.",
    "score": "{right} of {total} right",
    "question": "Question {number} of {total}",
    "answer": "Show the answers",
    "predict": "Predict",
    "predicted": "You predicted <b>{value}</b>. Now run the next cell.",
    "not_predicted": "Choose what you expect before you run the next cell.",
    "measured": "measured",
    "your_prediction": "your prediction",
    "no_prediction": "none yet: choose above, then run this cell again",
}
