"""Radiotherapy fractionation: what a schedule is worth, and whether a protocol allows it.

The library behind the command ``rtfractions``. Its rooms are imported by name
(``rtfractions.biology``, ``rtfractions.protocols``, ...), so that a script pays only for what it uses.
"""

__version__ = "0.1.0"
