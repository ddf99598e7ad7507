"""Trees for the eye: what hangs on what, one line each."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Branch:
    """A line, and what hangs on it.

    Attributes
    ----------
    text : str
        The line; further lines of it are indented alike.
    branches : list of Branch
        What hangs on it, in order.
    """

    text: str
    branches: list["Branch"] = field(default_factory=list)

    def add(self, text: str) -> "Branch":
        """Hang a new line on this one, and return it."""
        self.branches.append(Branch(text))
        return self.branches[-1]


def as_text(branches: Sequence[Branch], indent: str = "") -> str:
    """Branches as lines with the lines that join them.

    Examples
    --------
    >>> print(as_text([Branch("plan", [Branch("dose"), Branch("structures")])]), end="")
    plan
    ├─ dose
    └─ structures
    """
    return "".join(f"{indent}{branch.text}\n" + _hung(branch.branches, indent) for branch in branches)


def _hung(branches: Sequence[Branch], indent: str) -> str:
    text = ""
    for i, branch in enumerate(branches):
        last = i == len(branches) - 1
        first, *more = branch.text.split("\n")
        below = indent + ("   " if last else "│  ")
        text += f"{indent}{'└─' if last else '├─'} {first}\n"
        text += "".join(f"{below}{'│  ' if branch.branches else '   '}{line}\n" for line in more)
        text += _hung(branch.branches, below)
    return text
