"""The binding to the engine: pure ctypes, one file a noun. Importing `library` loads the shared library."""
