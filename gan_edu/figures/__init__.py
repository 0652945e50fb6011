"""Arrays in, figure out: never compute, train or show."""
