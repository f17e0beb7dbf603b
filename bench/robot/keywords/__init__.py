"""The keywords of `BoardLibrary`, by what they are about."""
