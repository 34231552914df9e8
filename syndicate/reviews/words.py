"""Closed lists of words, in English: what opens a sentence, what joins the parts of a name."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text, which stands for a list that is read better as a text."""
    return frozenset(text.split())


PARTICLES = word_set(
    "de del della di da dos das du van von der den ten ter la le el al bin ibn abu y e af av zu of the"
)
"""Words that stand inside a name in lower case."""

OPENERS = word_set(
    """
    a about after all along although an and another any anyone are as at back based be because before both but by can
    could despite do does during each early even ever every few first following for from had has have he her here
    here's his how i i'm i've if imagine in inspired is it it's its just last late let's life like long made many maybe
    meet most much my near no nobody not nothing now of off on once one only or our out over perhaps remember set
    several she should since so some somewhere that that's the their then there there's these they they're this those
    though three through to two under until was we we're we've well were what what's whatever when where whether which
    while who who's why will with would writer/director writer-director yes you you're you've your
    """
)
"""Words that open sentences and no name's middle: by them a name is told from the prose that follows it."""
