"""The only code that opens files: readers, writers and the safe reading of foreign pickles."""
