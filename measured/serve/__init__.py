"""``build.py --serve``: a preview that follows the author, in a browser that reloads by itself."""
