"""The film of the book: its script, its pictures, its text tracks, and the page on which it is shown.

`script` has what is said and for how long, `opening`, `best` and `training` what is seen meanwhile, `values`
the numbers of both. `tracks` writes captions and chapters, `projection` the film itself, which `make film`
keeps in `_build/film`; `page` is the Sphinx extension that brings it to the page `film`.
"""
