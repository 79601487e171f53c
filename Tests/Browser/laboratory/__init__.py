"""Real browsers, real sound and a private network for tests of whole calls."""
