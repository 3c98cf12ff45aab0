"""Verifiable instructions: what a user may ask of a reply's form, and code that checks it.

Families of such instructions (length, format, keywords, …) are those of Zhou et al.,
Instruction-Following Evaluation for Large Language Models (arXiv 2311.07911); kinds, words and
checkers are our own. What a word, a sentence, a bullet and so on are is said in
`curation.instructions.view` and the modules beside it, once.
"""
