"""`bench shell`: an interactive Python with a booted board.

- `tools`: the names a session begins with
- `uart_echo`: what the board prints, between the inputs
- `console`: IPython or Python's own console, and scripts
"""
