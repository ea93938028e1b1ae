"""Garbage, while the catalog is read: Python looks through all there is again and again as objects are made, which
takes three times as long as to make them (10,000 jobs: 0.5 s, beside 0.25). They are here to stay."""

import gc


def unsettled() -> None:
    """Many objects are about to be made."""
    gc.disable()


def settled() -> None:
    """All are there: what is here now is not looked through any more, nor does it hold up an answer."""
    gc.freeze()
    gc.enable()
