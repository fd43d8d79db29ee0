"""The real servers that tests, drills and benchmarks stand on: databases, mail, a browser.

Everything here is a context manager and works without pytest.
"""
