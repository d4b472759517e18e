"""The demo: a small staging shop that knows nothing of Soundstage, and the day it has behind it."""
