"""The firmware as an application of Zephyr 1.14, out of the user's own tree."""
