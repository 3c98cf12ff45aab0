"""What models are asked, one prompt a file: `x.jinja` is what it says, `x.py` how it is read.

A template has two blocks, `system` and `user`. Texts that come from data are never put into a
template as they are: they are `parts` of the prompt, told apart by marks that no text can forge.
"""
