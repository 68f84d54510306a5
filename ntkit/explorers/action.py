"""A button that does one thing, and whose errors are not swallowed."""

from ipywidgets import Button


class Action(Button):
    """A button with its action.

    ipywidgets only logs what a click handler raises; here `click()` from Python raises it, so that a run notices.

    >>> done = []
    >>> Action("Do", lambda: done.append(1), "does it").click()
    >>> done
    [1]
    """

    def __init__(self, description, action, tooltip, **options):
        super().__init__(description=description, tooltip=tooltip, **options)
        self._action = action

    def click(self):
        """Do it; called for a click in the page as well."""
        self._action()
