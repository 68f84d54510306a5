"""Where a panel says what went wrong, in words and with the remedy."""

from contextlib import contextmanager
from html import escape

from ipywidgets import HTML

from ntkit.explorers.strictness import is_strict

# What a user's choice can cause; anything else is a defect of ours and is shown with its type.
_EXPECTED = (ValueError, TypeError, NotImplementedError, MemoryError, ImportError, OSError)


class Messages(HTML):
    """An alert that is empty while all is well.

    >>> area = Messages()
    >>> area.text
    ''
    """

    def __init__(self):
        super().__init__()
        self.add_class("ntkit-messages")
        self.text = ""

    @contextmanager
    def reporting(self, instead=None):
        """Show an error raised in the block, call `instead`, and re-raise in strict mode; a success clears the area."""
        try:
            yield
        except Exception as error:
            self._show(error)
            if instead is not None:
                instead()
            if is_strict():
                raise
        else:
            self._clear()

    def _show(self, error):
        kind = "" if isinstance(error, _EXPECTED) else f"{type(error).__name__}, which should not happen: "
        self.text = f"{kind}{error}"
        self.value = f'<div class="ntkit-error" role="alert">{escape(self.text)}</div>'

    def _clear(self):
        if self.text:
            self.text = self.value = ""
