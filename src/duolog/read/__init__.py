"""The read side: pages, cursors, allow-lists, and the scope in which query services run."""
