"""The shapes of what sockets and streams tell and hear, class by class: `/asyncapi.json` is made of them.

Nothing is encoded by these; the dialects write frames by hand, for speed. A test holds frames of a live server against them.
"""
