"""Reports that people look at: ladder diagrams of frames, the summary of a run, its trend, its plots.

Everything is made of text (SVG, HTML, Markdown) without scripts, fonts or pictures from elsewhere.
"""
